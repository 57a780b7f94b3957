import { KataError } from "../base/error.ts";

/** What containerd asks a shim binary to do; without an action it serves. */
export type Action = "start" | "delete" | "serve" | "version" | "info" | "help";

/** The command line of a shim, in the form that containerd defines (runtime/v2/README.md). */
export interface ShimArgs {
  readonly action: Action;
  readonly namespace: string;
  /** Sandbox or container id. */
  readonly id: string;
  /** containerd's own socket. */
  readonly address: string;
  readonly publishBinary: string;
  /** Empty: the working directory. */
  readonly bundle: string;
  readonly debug: boolean;
  /** Where a serving shim listens; `start` tells it. Empty: the usual place. */
  readonly socket: string;
  /** The configuration file that the caller of `start` named; `start` passes it on. Empty: the host's. */
  readonly config: string;
}

const textFlags = [
  "namespace",
  "id",
  "address",
  "publish-binary",
  "bundle",
  "socket",
  "debug-socket",
  "config",
] as const;
const boolFlags = {
  debug: undefined,
  v: "version",
  version: "version",
  info: "info",
  h: "help",
  help: "help",
} as const;

/**
 * Reads a command line without the program's name. Flags have one dash or two, their values follow as the next argument or
 * after an equals sign, as Go's flag package has it. Throws KataError `invalid-argument`.
 */
export function parseShimArgs(argv: readonly string[]): ShimArgs {
  const texts: Partial<Record<(typeof textFlags)[number], string>> = {};
  let action: Action = "serve";
  let debug = false;
  let asked: Action | undefined;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    const [, name, given] = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(word) ?? [];
    const text = textFlags.find((flag) => flag === name);
    if (text !== undefined) {
      const value = given ?? argv[++at];
      if (value === undefined) throw usage(`flag needs an argument: ${word}`);
      texts[text] = value;
    } else if (name !== undefined && Object.hasOwn(boolFlags, name)) {
      const on = given === undefined || /^(?:1|t|true)$/i.test(given);
      if (name === "debug") debug = on;
      else if (on) asked = boolFlags[name as keyof typeof boolFlags] ?? asked;
    } else if (word === "start" || word === "delete") {
      action = word;
    } else throw usage(name === undefined ? `unknown action: ${word}` : `flag provided but not defined: ${word}`);
  }
  return {
    action: asked ?? action,
    namespace: texts.namespace ?? "",
    id: texts.id ?? "",
    address: texts.address ?? "",
    publishBinary: texts["publish-binary"] ?? "",
    bundle: texts.bundle ?? "",
    debug,
    socket: texts.socket ?? "",
    config: texts.config ?? "",
  };
}

function usage(message: string): KataError {
  return new KataError("invalid-argument", message);
}

/** What -help prints. */
export const usageText = `Usage: containerd-shim-kata-v2 [flags] [start|delete]

containerd starts this program; to run containers by hand use kata-ctl.

  start    start a shim for the container in the bundle and print its address
  delete   remove what the shim of the container left, when it is dead

Flags:
  -namespace string        namespace of the container
  -id string               id of the container
  -address string          address of containerd's socket
  -publish-binary string   program that publishes events (not used: events go to TTRPC_ADDRESS)
  -bundle string           path of the bundle (default: working directory)
  -debug                   log more
  -socket string           socket that a serving shim listens on (start passes it on)
  -config string           configuration file of a serving shim (start passes it on)
  -debug-socket string     not used
  -version                 print the version
  -info                    print what this runtime is, as a protobuf message
`;

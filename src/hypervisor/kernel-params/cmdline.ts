import { utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import { kernelPart, mergeParams } from "../../config/kernel-params/merge.ts";
import {
  hasOpenQuote,
  kernelView,
  type Param,
  parseParams,
  printParams,
  splitKernelParams,
} from "../../config/kernel-params/param.ts";
import type { GuestArch } from "./defaults.ts";

/** COMMAND_LINE_SIZE of each kernel: bytes with the NUL at the end. It cuts what is longer without a word. */
const commandLineBytes: Readonly<Record<GuestArch, number>> = {
  amd64: 2048,
  arm64: 2048,
  ppc64le: 2048,
  s390x: 4096,
  riscv64: 1024,
};

/** What a command line is made of, in this order. */
export interface KernelCmdlineParts {
  /** About the machine. */
  readonly defaults: readonly Param[];
  /** About the root file system. */
  readonly root: readonly Param[];
  /** About console and messages. */
  readonly console: readonly Param[];
  /** For the agent and others, from keys of the configuration. */
  readonly agent: readonly Param[];
  /** The user's own, which replace ours of the same name. */
  readonly user: readonly Param[];
}

/** For whom a command line is made. */
export interface KernelCmdlineTarget {
  readonly arch: GuestArch;
  /** The key that the user's parameters come from, for errors. */
  readonly field: string;
}

/**
 * The kernel's command line. Throws KataError `invalid-argument` for what the kernel would cut, and for characters and quotes
 * that would change the meaning of other words.
 */
export function buildKernelCmdline(parts: KernelCmdlineParts, { arch, field }: KernelCmdlineTarget): string {
  const ours = [...parts.defaults, ...parts.root, ...parts.console, ...parts.agent];
  const words = printParams(mergeParams(ours, parts.user));
  for (const word of words) checkWord(word, field);
  const text = words.join(" ");
  const bytes = utf8Encode(text).length;
  const most = commandLineBytes[arch] - 1;
  if (bytes <= most) return text;
  throw new KataError(
    "invalid-argument",
    `The kernel's command line has ${bytes} bytes, at most ${most} are possible on ${arch}`,
    { field, hint: "Remove or shorten kernel parameters" },
  );
}

function checkWord(word: string, field: string): void {
  const fault = /\p{Cc}/u.test(word)
    ? "must have no control characters"
    : hasOpenQuote(word)
      ? "must have as many closing as opening double quotes"
      : undefined;
  if (fault === undefined) return;
  throw new KataError("invalid-argument", `A kernel parameter ${fault}, got ${shown(word)}`, { field });
}

/**
 * Whether a kernel was started with a parameter: with one of the values, or as a bare word where no values are given. `text` is
 * a command line such as the one in /proc/cmdline. Letter case does not count, nor do quotes; arguments of init are no
 * parameters.
 */
export function checkKernelCmdline(text: string, name: string, values: readonly string[] = []): boolean {
  const wanted = kernelView({ key: name.toLowerCase(), value: undefined }).name;
  const wantedValues = values.map((value) => value.toLowerCase());
  return kernelPart(parseParams(splitKernelParams(text)))
    .map(kernelView)
    .filter((param) => param.name.toLowerCase() === wanted)
    .some(({ value }) => (value === undefined ? values.length === 0 : wantedValues.includes(value.toLowerCase())));
}

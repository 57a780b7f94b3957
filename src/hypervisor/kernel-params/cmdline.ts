import { utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import type { Architecture } from "../../config/architecture.ts";
import { kernelPart, mergeParams } from "../../config/kernel-params/merge.ts";
import {
  hasOpenQuote,
  type Param,
  paramName,
  paramValue,
  parseParams,
  printParams,
  splitKernelParams,
} from "../../config/kernel-params/param.ts";

/** COMMAND_LINE_SIZE of each kernel: bytes with the NUL at the end. It cuts what is longer without a word. */
const commandLineBytes: Readonly<Record<Architecture, number>> = {
  amd64: 2048,
  arm64: 2048,
  ppc64le: 2048,
  s390x: 4096,
  riscv64: 1024,
};

const control = /\p{Cc}/u;

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
  readonly arch: Architecture;
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
  const text = words.join(" ");
  checkWords(words, text, field);
  const bytes = utf8Encode(text).length;
  const most = commandLineBytes[arch] - 1;
  if (bytes <= most) return text;
  throw new KataError(
    "invalid-argument",
    `The kernel's command line has ${bytes} bytes, at most ${most} are possible on ${arch}`,
    { field, hint: "Remove or shorten kernel parameters" },
  );
}

/** Words are looked at one by one only where the line as a whole has what could be a fault. */
function checkWords(words: readonly string[], text: string, field: string): void {
  if (!text.includes('"') && !control.test(text)) return;
  for (const word of words) {
    const rule = control.test(word)
      ? "must have no control characters"
      : hasOpenQuote(word)
        ? "must have as many closing as opening double quotes"
        : undefined;
    if (rule !== undefined) {
      throw new KataError("invalid-argument", `A kernel parameter ${rule}, got ${shown(word)}`, { field });
    }
  }
}

/**
 * Whether a kernel was started with a parameter: with one of the values, or as a bare word where no values are given. `text` is
 * a command line such as the one in /proc/cmdline. Letter case does not count, nor do quotes; arguments of init are no
 * parameters.
 */
export function checkKernelCmdline(text: string, name: string, values: readonly string[] = []): boolean {
  const wanted = paramName({ key: name, value: undefined }).toLowerCase();
  const wantedValues = values.map((value) => value.toLowerCase());
  return kernelPart(parseParams(splitKernelParams(text)))
    .filter((param) => paramName(param).toLowerCase() === wanted)
    .map(paramValue)
    .some((value) => (value === undefined ? values.length === 0 : wantedValues.includes(value.toLowerCase())));
}

import type { FlagValues } from "../../args/flags.ts";
import { autoToggle, choice, list, parsed, text, toggle } from "../../args/flags.ts";
import { UsageError } from "../../args/usage-error.ts";
import {
  anyText,
  parseAnnotation,
  parseBytes,
  parseCpus,
  parseHostname,
  parseInteger,
  parseKeyValue,
  parseName,
  parseSignal,
  parseTrueFalse,
} from "../../args/values.ts";
import { parseCapability } from "../../spec/capabilities.ts";
import { parseEnvironmentFlag } from "../../spec/environment.ts";
import { parseTmpfs, parseVolume } from "../../spec/volume.ts";

const process = "Process";
const resources = "Resources";
const files = "Files";
const image = "Image";

/** Less cannot even start a program in a container; docker's bound, too. */
const minimumMemory = 6 << 20;

/** The flags of `run`. */
export const runFlags = {
  detach: toggle({ short: "d", help: "Run in the background and print the container's id" }),
  interactive: toggle({ short: "i", help: "Pass standard input on" }),
  tty: autoToggle({ short: "t", help: "Give the process a terminal (without -i and -t: when we are at one)" }),
  rm: toggle({ help: "Remove the container when it ends" }),
  name: parsed(parseName, { placeholder: "NAME", help: "Name of the container (default: a generated one)" }),
  label: list(parseKeyValue, { short: "l", placeholder: "KEY=VALUE", help: "A label, for ps --filter and inspect" }),
  timing: toggle({ help: "Print where the time went to standard error" }),

  env: list(parseEnvironmentFlag, {
    short: "e",
    placeholder: "NAME[=VALUE]",
    help: "Set a variable, or pass ours on",
    group: process,
  }),
  envFile: list(anyText, { placeholder: "FILE", help: "Variables from a file, one NAME=VALUE a line", group: process }),
  workdir: parsed(parseAbsolutePath, {
    short: "w",
    placeholder: "DIR",
    help: "Working directory in the container",
    group: process,
  }),
  user: text({ short: "u", placeholder: "USER[:GROUP]", help: "User and group, by name or number", group: process }),
  entrypoint: text({
    placeholder: "PROGRAM",
    help: "Program to run instead of the image's; '' for none",
    group: process,
  }),
  hostname: parsed(parseHostname, {
    short: "h",
    placeholder: "NAME",
    help: "Host name (default: the short id)",
    group: process,
  }),
  capAdd: list(parseCapability, { placeholder: "CAPABILITY", help: "Add a capability, or ALL", group: process }),
  capDrop: list(parseCapability, { placeholder: "CAPABILITY", help: "Drop a capability, or ALL", group: process }),
  stopSignal: parsed(parseSignal, {
    placeholder: "SIGNAL",
    help: "What `stop` sends (default: the image's, or TERM)",
    group: process,
  }),
  stopTimeout: parsed(parseInteger(0, 86_400), {
    placeholder: "SECONDS",
    help: "How long `stop` waits before it kills (default 10)",
    group: process,
  }),

  memory: parsed(parseMemory, {
    short: "m",
    placeholder: "SIZE",
    help: "Memory limit, such as 512m; the VM gets it on top of its own",
    group: resources,
  }),
  cpus: parsed(parseCpus, {
    short: "c",
    placeholder: "NUMBER",
    help: "CPU limit, such as 1.5; the VM gets that many CPUs",
    group: resources,
  }),
  pidsLimit: parsed(parseInteger(1, 4_194_304), {
    placeholder: "NUMBER",
    help: "Most processes in the container",
    group: resources,
  }),
  annotation: list(parseAnnotation, {
    placeholder: "NAME=VALUE",
    help: "An annotation, as a pod has; enable_annotations decides which may configure the VM",
    group: resources,
  }),

  volume: list(parseVolume, {
    short: "v",
    placeholder: "SOURCE:DIR[:ro]",
    help: "Share a file or directory of the host",
    group: files,
  }),
  tmpfs: list(parseTmpfs, { placeholder: "DIR[:OPTIONS]", help: "Mount a memory file system", group: files }),
  readOnly: toggle({ help: "Make the root file system read-only", group: files }),
  rootfs: text({
    placeholder: "DIR",
    help: "Run DIR instead of an image (then no IMAGE is given); it is not written to",
    group: files,
  }),

  pull: choice(["missing", "always", "never"], { help: "When to fetch the image", group: image, initial: "missing" }),
  tlsVerify: parsed(parseTrueFalse, {
    placeholder: "true|false",
    help: "Insist on trusted TLS when pulling",
    group: image,
  }),
} as const;

/** Their values. */
export type RunFlags = FlagValues<typeof runFlags>;

/** Reads `-m`. Throws UsageError. */
export function parseMemory(value: string): number {
  const bytes = parseBytes(value);
  if (bytes >= minimumMemory) return bytes;
  throw new UsageError(`must be at least 6m; got "${value}"`);
}

/** Reads `-w`: absolute, without `..`. Throws UsageError. */
export function parseAbsolutePath(value: string): string {
  const clean = value.replace(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
  if (clean.startsWith("/") && !/\/\.{1,2}(\/|$)/.test(clean) && !/[\0\n]/.test(clean)) return clean;
  throw new UsageError(
    `must be an absolute path in the container, without ".."; got ${JSON.stringify(value.slice(0, 80))}`,
  );
}

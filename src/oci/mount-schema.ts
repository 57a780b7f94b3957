import { absolutePath, type Check, FieldProblem, list, object, problem, text, withDefault } from "./check.ts";
import type { Mount } from "./spec.ts";

/** One option is one word: a comma or a line break would smuggle in another one. */
const OPTION = /^[^,\s\0]{1,1024}$/;

/**
 * Files of /proc that a container manager may cover, as runc allows them. Covering anything else there would show a
 * container's processes a forged kernel (CVE-2019-16884).
 */
const procFiles: ReadonlySet<string> = new Set(
  "cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo sys/kernel/ns_last_pid sys/crypto/fips_enabled"
    .split(" ")
    .map((name) => `/proc/${name}`),
);

const option: Check<string> = (value) => {
  if (typeof value !== "string" || !OPTION.test(value)) throw problem("one word without commas", value);
  return value;
};

const anyMount = object<Mount>({
  destination: absolutePath,
  type: withDefault(text, ""),
  source: withDefault(text, ""),
  options: list(option, 256),
});

const mount: Check<Mount> = (value) => {
  const checked = anyMount(value);
  const { destination } = checked;
  if (destination === "/") throw new FieldProblem('must lie below the root, got "/"').within("destination");
  if (destination.startsWith("/proc/") && !procFiles.has(destination)) {
    throw new FieldProblem(`must not cover ${destination}`).within("destination");
  }
  if (checked.type === "proc" && destination !== "/proc") {
    throw new FieldProblem(`must be /proc for a mount of type proc, got ${destination}`).within("destination");
  }
  if (isBindMount(checked) && checked.source === "") {
    throw new FieldProblem("must be given for a bind mount, got nothing").within("source");
  }
  return checked;
};

/** The `mounts` list. */
export const mountsCheck = list(mount, 4096);

/** Whether a mount binds a file or directory instead of mounting a file system. */
export function isBindMount({ type, options }: Pick<Mount, "type" | "options">): boolean {
  return type === "bind" || options.includes("bind") || options.includes("rbind");
}

/** Whether a mount is read-only: of contradicting options the last one counts, as for mount(8). */
export function isReadOnly(options: readonly string[]): boolean {
  return options.lastIndexOf("ro") > options.lastIndexOf("rw");
}

import type { Mount } from "../../wire/gen/agent/oci.ts";
import type { Json } from "./json.ts";
import { invalid, isNormalPath, isWithin, KATA_DIR, tidyPath } from "./rules.ts";

/** File systems without a backing device that a container may ask for. */
const VIRTUAL_TYPES: ReadonlySet<string> = new Set(["proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"]);

/** Where bind mounts may come from: the host's share, and the guest's own kernel file systems. */
const BIND_ROOTS = [KATA_DIR, "/sys", "/proc", "/dev"];

/** Files of /proc that may be bound over, as runc allows them; anything else there would fake the kernel (CVE-2019-16884). */
const PROC_TARGETS: ReadonlySet<string> = new Set(
  "cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo sys/kernel/ns_last_pid sys/crypto/fips_enabled"
    .split(" ")
    .map((name) => `/proc/${name}`),
);

/** What is in a text that is not one mount option. */
const NO_WORD = /[\s,\0]/;

/** Whether a mount of the specification is a bind mount. */
export function isBind(mount: Mount): boolean {
  return mount.type === "bind" || mount.options.includes("bind") || mount.options.includes("rbind");
}

/** One entry of `mounts` for config.json; throws `invalid-argument` naming the mount for whatever is not allowed. */
export function ociMount(mount: Mount): Json {
  const destination = tidyPath(mount.destination);
  const field = `mounts[${mount.destination}]`;
  if (!isNormalPath(destination) || destination === "/") {
    throw invalid(
      field,
      `Mount destination must be an absolute path below / without .., got ${JSON.stringify(mount.destination)}`,
    );
  }
  checkProc(mount, destination, field);
  // All at once: a search costs the engine more than the few letters of an option.
  if (mount.options.includes("") || NO_WORD.test(mount.options.join(""))) {
    const option = mount.options.find((text) => text === "" || NO_WORD.test(text));
    throw invalid(
      field,
      `Mount option of ${destination} must be one word without commas, got ${JSON.stringify(option)}`,
    );
  }
  if (isBind(mount)) {
    const source = tidyPath(mount.source);
    if (!isNormalPath(source) || !BIND_ROOTS.some((root) => isWithin(source, root))) {
      throw invalid(
        field,
        `Bind source of ${destination} must lie below ${BIND_ROOTS.join(", ")}, got ${JSON.stringify(mount.source)}`,
      );
    }
    return { destination, type: "bind", source, options: mount.options };
  }
  if (!VIRTUAL_TYPES.has(mount.type)) {
    throw invalid(
      field,
      `Mount type of ${destination} must be bind or one of ${[...VIRTUAL_TYPES].join(", ")}, got ${JSON.stringify(mount.type)}`,
    );
  }
  return { destination, type: mount.type, source: mount.type, options: mount.options };
}

function checkProc(mount: Mount, destination: string, field: string): void {
  if (mount.type === "proc" && destination !== "/proc") {
    throw invalid(field, `A mount of type proc must have the destination /proc, got ${destination}`);
  }
  if (destination === "/proc" && mount.type !== "proc" && !isBind(mount)) {
    throw invalid(field, `/proc must be a mount of type proc or bind, got ${JSON.stringify(mount.type)}`);
  }
  if (destination.startsWith("/proc/") && !PROC_TARGETS.has(destination)) {
    throw invalid(field, `Nothing may be mounted over ${destination}`);
  }
}

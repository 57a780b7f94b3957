import { formatSize } from "../../../../base/units.ts";
import { isErrno } from "../../../../sys/error.ts";
import { isForRootOnly, type Probe, withConfiguration } from "../probe.ts";

const MIB = 1024 * 1024;

/** A VM of the configured size fits into the host's memory. */
export const memoryProbe: Probe = {
  id: "memory",
  title: "memory",
  needed: "required",
  run: withConfiguration(({ hypervisor }, { sys }) => {
    const text = sys.readText("/proc/meminfo");
    const bytes = (key: string) => Number(new RegExp(`^${key}: +(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
    const wanted = hypervisor.defaultMemoryMib * MIB;
    const [total, available] = [bytes("MemTotal"), bytes("MemAvailable")];
    const vm = `a VM takes ${formatSize(wanted)} (default_memory)`;
    if (wanted > total) {
      return {
        result: "failed",
        reason: `${vm}, the host has ${formatSize(total)}`,
        remedy: `Lower default_memory in [hypervisor.${hypervisor.name}], or use a larger machine`,
      };
    }
    if (wanted > available) {
      return {
        result: "warning",
        reason: `${vm}, ${formatSize(available)} are free`,
        remedy: "Free memory, or lower default_memory: the host may kill something when the guest uses all of its own",
      };
    }
    return { result: "ok", reason: `${vm}, ${formatSize(available)} are free` };
  }),
};

/** Guests' random numbers have a source. */
export const entropyProbe: Probe = {
  id: "entropy",
  title: "random numbers",
  needed: "required",
  run: withConfiguration(({ hypervisor }, { sys }) => {
    const path = hypervisor.entropySource;
    const remedy = `Set entropy_source = "/dev/urandom" in [hypervisor.${hypervisor.name}]`;
    if (path === "") return { result: "skipped", reason: "no entropy_source is configured" };
    try {
      const { kind } = sys.stat(path);
      if (kind === "file") return { result: "warning", reason: `${path} is a file, whose numbers run out`, remedy };
      if (kind !== "char") return { result: "failed", reason: `${path} is no device, but of the kind ${kind}`, remedy };
      sys.close(sys.open(path, { nonBlocking: true }));
    } catch (error) {
      if (isForRootOnly(error, sys)) throw error;
      if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "EPERM", "ENXIO", "ENODEV")) throw error;
      return { result: "failed", reason: `entropy_source cannot be read: ${(error as Error).message}`, remedy };
    }
    return { result: "ok", reason: path };
  }),
};

/** A shim holds a few descriptors for each container, and some for each of their streams. */
const fewFiles = 1024;

/** As many files may be open as a pod with many containers needs. */
export const openFilesProbe: Probe = {
  id: "open-files",
  title: "open files",
  needed: "recommended",
  run({ sys }) {
    const [, soft, hard] = /^Max open files +(\S+) +(\S+)/m.exec(sys.readText("/proc/self/limits")) ?? [];
    if (soft === undefined || hard === undefined) {
      return { result: "skipped", reason: "/proc/self/limits does not tell" };
    }
    const reason =
      soft === hard ? `${soft} for a process of this shell` : `${soft} (at most ${hard}) for a process of this shell`;
    if (soft === "unlimited" || Number(soft) >= fewFiles) return { result: "ok", reason };
    return {
      result: "warning",
      reason,
      remedy: `Allow ${fewFiles} or more: ulimit -n here, LimitNOFILE= in containerd's unit`,
    };
  },
};

const namespaces = ["mnt", "net"];

/** The kernel has the namespaces that sandboxes are made of, and lets us make some. */
export const namespacesProbe: Probe = {
  id: "namespaces",
  title: "namespaces",
  needed: "required",
  run({ sys }) {
    const missing = namespaces.filter((name) => !sys.exists(`/proc/self/ns/${name}`));
    if (missing.length > 0) {
      return {
        result: "failed",
        reason: `the kernel has none of the kind ${missing.join(", ")}`,
        remedy: "Use a kernel with CONFIG_NAMESPACES and CONFIG_NET_NS",
      };
    }
    const files = namespaces.map((name) => `/proc/sys/user/max_${name}_namespaces`).filter((path) => sys.exists(path));
    const none = files.filter((path) => sys.readText(path).trim() === "0");
    if (none.length === 0) return { result: "ok", reason: "mount and network namespaces can be made" };
    return {
      result: "failed",
      reason: `${none.join(" and ")} ${none.length === 1 ? "is" : "are"} 0`,
      remedy: `Raise what is 0: ${none.map((path) => `echo 10000 > ${path}`).join("; ")}`,
    };
  },
};

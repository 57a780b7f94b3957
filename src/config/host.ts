import { KataError } from "../base/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { SystemPort } from "../sys/port/system.ts";
import { architectureOf } from "./architecture.ts";
import type { Host } from "./rules/rule.ts";

/** The host's architecture and size. Throws KataError `unimplemented` on a machine that Kata does not know. */
export function hostOf(sys: Pick<FilesPort, "readText"> & Pick<SystemPort, "cpuCount" | "uname">): Host {
  const { machine } = sys.uname();
  const arch = architectureOf(machine);
  if (arch === undefined) throw new KataError("unimplemented", `Kata does not run on ${machine}`);
  return { arch, cpus: sys.cpuCount(), memoryMib: memoryMib(sys) };
}

function memoryMib(sys: Pick<FilesPort, "readText">): number {
  const kib = /^MemTotal: +(\d+) kB/m.exec(sys.readText("/proc/meminfo"))?.[1];
  if (kib === undefined) throw new KataError("internal", "/proc/meminfo does not tell MemTotal");
  return Math.floor(Number(kib) / 1024);
}

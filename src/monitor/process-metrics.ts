import { type Metric, type MetricSample, metricLabels } from "../base/prometheus.ts";

/** What /proc says of one process, as texts; empty where it cannot be read. */
export interface ProcessFiles {
  readonly status: string;
  readonly stat: string;
  readonly io: string;
  readonly descriptors: number;
}

/** The processes of a sandbox that are worth watching, under upstream's metric prefixes. */
export type ProcessRole = "shim" | "hypervisor" | "virtiofsd";

/** One process of one sandbox. */
export interface SandboxProcess {
  readonly sandboxId: string;
  readonly role: ProcessRole;
  readonly files: ProcessFiles;
}

/** Metrics of all processes, grouped by name as the format demands. Names are upstream's, so that dashboards carry over. */
export function processMetrics(processes: readonly SandboxProcess[]): Metric[] {
  return (["shim", "hypervisor", "virtiofsd"] as const).flatMap((role) => {
    const ofRole = processes.filter((process) => process.role === role);
    const gauge = (
      name: string,
      help: string,
      samples: (files: ProcessFiles) => ReadonlyMap<string, number>,
    ): Metric => ({
      name: `kata_${role}_${name}`,
      help,
      kind: "gauge",
      samples: ofRole.flatMap(({ sandboxId, files }) => labelled(sandboxId, samples(files))),
    });
    return [
      gauge("threads", `Threads of the ${role} process`, ({ status }) =>
        single(/^Threads:\s+(\d+)$/m.exec(status)?.[1]),
      ),
      gauge("fds", `Open descriptors of the ${role} process`, ({ descriptors }) => single(String(descriptors))),
      gauge("proc_status", `Memory of the ${role} process in bytes`, ({ status }) => memoryBytes(status)),
      gauge("proc_stat", `CPU time of the ${role} process in clock ticks`, ({ stat }) => cpuTicks(stat)),
      gauge("io_stat", `I/O of the ${role} process`, ({ io }) => ioCounters(io)),
    ];
  });
}

/** The empty item stands for a metric without one. */
function single(value: string | undefined): ReadonlyMap<string, number> {
  return value === undefined ? new Map() : new Map([["", Number(value)]]);
}

function labelled(sandboxId: string, items: ReadonlyMap<string, number>): MetricSample[] {
  return [...items].map(([item, value]) => [
    metricLabels(item === "" ? { sandbox_id: sandboxId } : { item, sandbox_id: sandboxId }),
    value,
  ]);
}

/** `VmRSS:  1234 kB` and its kin (proc(5), /proc/PID/status). */
function memoryBytes(status: string): ReadonlyMap<string, number> {
  const items = new Map<string, number>();
  for (const [, name = "", kib] of status.matchAll(/^((?:Vm|Rss)\w+):\s+(\d+) kB$/gm)) {
    items.set(name.toLowerCase(), Number(kib) * 1024);
  }
  return items;
}

/** Fields 14 to 17 of /proc/PID/stat; the program's name before them may contain anything. */
function cpuTicks(stat: string): ReadonlyMap<string, number> {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const names = ["utime", "stime", "cutime", "cstime"];
  return new Map(
    names.flatMap((name, index) => (fields.length > 14 ? [[name, Number(fields[11 + index])] as const] : [])),
  );
}

function ioCounters(io: string): ReadonlyMap<string, number> {
  const items = new Map<string, number>();
  for (const [, name = "", value] of io.matchAll(/^(\w+): (\d+)$/gm))
    items.set(name.replaceAll("_", ""), Number(value));
  return items;
}

import { type Metric, metricLabels, renderMetrics } from "../base/prometheus.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";

/** A process to be measured, and how its metrics are called. */
export interface MeasuredProcess {
  /** Such as `kata_shim`. */
  readonly prefix: string;
  readonly what: string;
  /** Undefined: there is none. */
  readonly pid: number | undefined;
}

/** Threads, descriptors, memory and I/O of processes in the Prometheus text format, under upstream's names. */
export function processMetrics(sys: FilesPort, processes: readonly MeasuredProcess[]): string {
  return renderMetrics(
    processes.flatMap(({ prefix, what, pid }) => {
      if (pid === undefined) return [];
      try {
        return metricsOf(sys, prefix, what, pid);
      } catch (error) {
        // It ended while it was looked at.
        if (isErrno(error, "ENOENT", "ESRCH")) return [];
        throw error;
      }
    }),
  );
}

function metricsOf(sys: FilesPort, prefix: string, what: string, pid: number): Metric[] {
  const status = sys.readText(`/proc/${pid}/status`);
  const gauge = (name: string, help: string, samples: Metric["samples"]): Metric => ({
    name: `${prefix}_${name}`,
    help: `${what} process ${help}`,
    kind: "gauge",
    samples,
  });
  return [
    gauge("threads", "threads", [["", Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 0)]]),
    gauge("fds", "open FDs", [["", sys.readDir(`/proc/${pid}/fd`).length]]),
    gauge("proc_status", "status", items(status, /^((?:Vm|Rss|Hugetlb)\w+|\w+_ctxt_switches):\s+(\d+)/gm)),
    gauge("io_stat", "IO statistics", items(sys.readText(`/proc/${pid}/io`), /^(\w+): (\d+)$/gm)),
  ];
}

function items(text: string, pattern: RegExp): [string, number][] {
  return [...text.matchAll(pattern)].map(([, key = "", value]) => [
    metricLabels({ item: key.toLowerCase() }),
    Number(value),
  ]);
}

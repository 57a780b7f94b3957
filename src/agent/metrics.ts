import { metricLabels as label, type Metric, renderMetrics } from "../base/prometheus.ts";
import type { FilesPort } from "../sys/port/files.ts";
import { readProcessStat } from "../sys/proc.ts";

/** Kernel's unit of CPU time in /proc: 100 per second on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** The agent's and the guest's metrics in the Prometheus text format, under upstream's names. */
export function agentMetrics(sys: FilesPort, scrapes: number): string {
  const read = (path: string) => (sys.exists(path) ? sys.readText(path, 1 << 20) : "");
  return renderMetrics([
    gauge("kata_agent_scrape_count", "Metrics scrape count", [["", scrapes]], "counter"),
    ...processMetrics(sys),
    gauge("kata_agent_io_stat", "Agent process IO stat", keyValues(read("/proc/self/io"), /^(\w+): (\d+)$/gm), "gauge"),
    gauge(
      "kata_agent_proc_status",
      "Agent process status",
      keyValues(read("/proc/self/status"), /^((?:Vm|Rss)\w+|Threads|\w+_ctxt_switches):\s+(\d+)/gm),
    ),
    gauge("kata_guest_load", "Guest system load", loadAverage(read("/proc/loadavg"))),
    gauge("kata_guest_cpu_time", "Guest CPU stat", cpuTimes(read("/proc/stat"))),
    gauge("kata_guest_vm_stat", "Guest virtual memory stat", keyValues(read("/proc/vmstat"), /^(\w+) (\d+)$/gm)),
    gauge(
      "kata_guest_meminfo",
      "Statistics about memory usage in the system",
      keyValues(read("/proc/meminfo"), /^([\w()]+):\s+(\d+)/gm),
    ),
    gauge("kata_guest_netdev_stat", "Guest net devices stats", netDevices(read("/proc/net/dev"))),
    gauge("kata_guest_diskstat", "Disks stat in system", disks(read("/proc/diskstats"))),
  ]);
}

function gauge(name: string, help: string, samples: Metric["samples"], kind: Metric["kind"] = "gauge"): Metric {
  return { name, help, kind, samples };
}

function processMetrics(sys: FilesPort): Metric[] {
  const pid = 1;
  const self = readProcessStat(sys, Number(sys.readLink("/proc/self"))) ?? readProcessStat(sys, pid);
  const fields = sys
    .readText("/proc/self/stat")
    .replace(/^.*\) /, "")
    .split(" ");
  const statm = sys.readText("/proc/self/statm").split(" ");
  const at = (index: number) => Number(fields[index] ?? "0");
  return [
    gauge("kata_agent_threads", "Agent process threads", [["", self?.threads ?? 1]]),
    gauge("kata_agent_total_time", "Agent process total time", [["", (at(11) + at(12)) / TICKS_PER_SECOND]]),
    gauge("kata_agent_total_vm", "Agent process total vm size", [["", Number(statm[0]) * PAGE_BYTES]]),
    gauge("kata_agent_total_rss", "Agent process total rss size", [["", Number(statm[1]) * PAGE_BYTES]]),
  ];
}

/** Samples `{item="<lower-case key>"}` from every match of a pattern with key and number. */
function keyValues(text: string, pattern: RegExp): [string, number][] {
  return [...text.matchAll(pattern)].map(([, key = "", value]) => [label({ item: key.toLowerCase() }), Number(value)]);
}

function loadAverage(text: string): [string, number][] {
  const values = text.split(" ");
  return ["load1", "load5", "load15"].flatMap((item, index) =>
    values[index] ? [[label({ item }), Number(values[index])]] : [],
  );
}

const CPU_ITEMS = "user nice system idle iowait irq softirq steal guest guest_nice".split(" ");

function cpuTimes(text: string): [string, number][] {
  const samples: [string, number][] = [];
  for (const [, cpu = "", rest = ""] of text.matchAll(/^cpu(\d*) +(.*)$/gm)) {
    for (const [index, ticks] of rest.split(" ").entries()) {
      const item = CPU_ITEMS[index];
      if (item !== undefined)
        samples.push([label({ cpu: cpu === "" ? "total" : cpu, item }), Number(ticks) / TICKS_PER_SECOND]);
    }
  }
  return samples;
}

const NET_ITEMS =
  "recv_bytes recv_packets recv_errs recv_drop recv_fifo recv_frame recv_compressed recv_multicast sent_bytes sent_packets sent_errs sent_drop sent_fifo sent_colls sent_carrier sent_compressed".split(
    " ",
  );

function netDevices(text: string): [string, number][] {
  const samples: [string, number][] = [];
  for (const [, name = "", rest = ""] of text.matchAll(/^\s*([^\s:]+):\s*(\d.*)$/gm)) {
    for (const [index, value] of rest.trim().split(/\s+/).entries()) {
      const item = NET_ITEMS[index];
      if (item !== undefined) samples.push([label({ interface: name, item }), Number(value)]);
    }
  }
  return samples;
}

const DISK_ITEMS =
  "reads reads_merged sectors_read time_reading writes writes_merged sectors_written time_writing in_progress time_in_progress weighted_time_in_progress".split(
    " ",
  );

function disks(text: string): [string, number][] {
  const samples: [string, number][] = [];
  for (const [, disk = "", rest = ""] of text.matchAll(/^\s*\d+\s+\d+ (\S+) (.*)$/gm)) {
    for (const [index, value] of rest.split(" ").entries()) {
      const item = DISK_ITEMS[index];
      if (item !== undefined) samples.push([label({ disk, item }), Number(value)]);
    }
  }
  return samples;
}

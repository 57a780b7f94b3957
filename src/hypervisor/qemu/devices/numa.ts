import { numberRanges } from "../../host/number-list.ts";
import type { GuestNumaNode, NumaMemoryBackend, NumaTopology } from "../../numa-topology.ts";
import { type OptionFields, option } from "../option.ts";

/**
 * The guest's memory and CPUs by NUMA node: a memory backend for each, bound to its host nodes, and the distances between
 * them. The backends are all of the guest's memory: they take the place of the machine's own (`memory-backend`).
 */
export function numaArgs({ nodes, distances, memoryBackend }: NumaTopology): string[] {
  return [
    ...nodes.flatMap((node, index) => nodeArgs(node, index, memoryBackend)),
    ...(nodes.length < 2 ? [] : distances.flatMap((row, src) => row.flatMap((val, dst) => distArgs(src, dst, val)))),
  ];
}

function nodeArgs(
  { firstVcpu, vcpus, memoryMib, hostNodes }: GuestNumaNode,
  index: number,
  backend: NumaMemoryBackend,
) {
  const id = `numa-mem${index}`;
  const [kind, fields] = backendOptions(backend);
  // Each range is an option of its own: the parser collects them.
  const ranges = numberRanges(hostNodes).map((range) => option("", { "host-nodes": range }));
  const bound = ranges.length === 0 ? [] : [...ranges, "policy=bind"];
  const cpus = vcpus === 1 ? String(firstVcpu) : `${firstVcpu}-${firstVcpu + vcpus - 1}`;
  return [
    "-object",
    [option(kind, { id, size: `${memoryMib}M`, ...fields }), ...bound].join(","),
    "-numa",
    option("node", { nodeid: index, cpus, memdev: id }),
  ];
}

function backendOptions(backend: NumaMemoryBackend): readonly [string, OptionFields] {
  switch (backend.kind) {
    case "ram":
      return ["memory-backend-ram", {}];
    case "memfd":
      return [
        "memory-backend-memfd",
        { share: true, ...(backend.hugePages ? { hugetlb: true, hugetlbsize: "2M" } : {}) },
      ];
    case "file":
      return ["memory-backend-file", { "mem-path": backend.directory, share: true }];
    default:
      return backend satisfies never;
  }
}

/** A node's distance to itself is known. */
function distArgs(src: number, dst: number, val: number): string[] {
  return src === dst ? [] : ["-numa", option("dist", { src, dst, val })];
}

import { KataError } from "../base/error.ts";
import type { NumaDistances } from "./host/numa.ts";
import { parseNumberList } from "./host/number-list.ts";

/** A NUMA node of the guest. */
export interface GuestNumaNode {
  /** The lowest of its vCPUs; the others follow. */
  readonly firstVcpu: number;
  readonly vcpus: number;
  readonly memoryMib: number;
  /** Where its memory comes from; empty: wherever the host likes. */
  readonly hostNodes: readonly number[];
}

/** What the VMM takes a node's memory from. */
export type NumaMemoryBackend =
  /** Pages that the VMM alone has. */
  | { readonly kind: "ram" }
  /** Pages that other processes can map; `hugePages`: of 2 MiB. */
  | { readonly kind: "memfd"; readonly hugePages: boolean }
  /** Files below a directory, such as a mount of hugetlbfs. */
  | { readonly kind: "file"; readonly directory: string };

/** The guest's NUMA nodes. */
export interface NumaTopology {
  /** At least one. */
  readonly nodes: readonly GuestNumaNode[];
  /** From the node of the row to the one of the column; 10 on the diagonal. */
  readonly distances: readonly (readonly number[])[];
  readonly memoryBackend: NumaMemoryBackend;
}

/** What the nodes are made of. */
export interface NumaRequest {
  /** The host nodes behind each guest node: `["0-1", "3"]`. Empty: one node, bound to nothing. */
  readonly mapping: readonly string[];
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly hostDistances: NumaDistances;
  readonly memoryBackend: NumaMemoryBackend;
}

const local = 10;
/** The range of distances to other nodes (QEMU, include/sysemu/numa.h). */
const [nearest, farthest] = [10, 255];
/** As many nodes as QEMU takes (MAX_NODES). */
const mostNodes = 128;
/** The highest number that a host node can have (Linux, CONFIG_NODES_SHIFT). */
const lastHostNode = 1023;
const field = "numa_mapping";

/**
 * Spreads a guest's vCPUs and memory over NUMA nodes: each gets an equal whole share, the last one what remains as well.
 * The host's distances become the guest's; of several host nodes behind one of the guest's, the farthest counts. Throws
 * KataError: `invalid-argument` for a mapping that is malformed or takes a host node twice, `failed-precondition` for a host
 * node that does not exist, `out-of-range` for more nodes than vCPUs or MiB.
 */
export function buildNumaTopology(request: NumaRequest): NumaTopology {
  const { vcpus, memoryMib, hostDistances, memoryBackend } = request;
  const count = Math.max(1, request.mapping.length);
  checkCount(count, vcpus, memoryMib);
  const mapping = request.mapping.length === 0 ? [[]] : request.mapping.map(parseHostNodes);
  if (request.mapping.length > 0) checkHostNodes(mapping, hostDistances);
  const shareOf = (total: number, index: number) =>
    Math.floor(total / count) + (index === count - 1 ? total % count : 0);
  return {
    nodes: mapping.map((hostNodes, index) => ({
      firstVcpu: index * Math.floor(vcpus / count),
      vcpus: shareOf(vcpus, index),
      memoryMib: shareOf(memoryMib, index),
      hostNodes,
    })),
    distances: mapping.map((from, row) =>
      mapping.map((to, column) => (row === column ? local : distance(from, to, hostDistances))),
    ),
    memoryBackend,
  };
}

/**
 * How many NUMA nodes a guest gets: as many as the mapping has; without one as many as the host has and vCPUs can be spread
 * over; one when NUMA is switched off.
 */
export function guestNumaNodes(
  config: { readonly enableNuma: boolean; readonly numaMapping: readonly string[] },
  hostNodes: number,
  vcpus: number,
): number {
  if (!config.enableNuma) return 1;
  return config.numaMapping.length || Math.max(1, Math.min(hostNodes, vcpus, mostNodes));
}

function parseHostNodes(text: string, index: number): number[] {
  let nodes: number[];
  try {
    nodes = parseNumberList(text, lastHostNode);
  } catch (error) {
    throw new KataError("invalid-argument", `Entry ${index + 1} of numa_mapping names no host nodes`, {
      field,
      cause: error,
    });
  }
  if (nodes.length === 0) {
    throw new KataError("invalid-argument", `Entry ${index + 1} of numa_mapping is empty: it must name host nodes`, {
      field,
    });
  }
  return nodes;
}

function checkCount(count: number, vcpus: number, memoryMib: number): void {
  const enough = Math.min(vcpus, memoryMib, mostNodes);
  if (count <= enough) return;
  throw new KataError(
    "out-of-range",
    `${count} NUMA nodes are too many for ${vcpus} vCPUs and ${memoryMib} MiB: each needs one of both, and ${mostNodes} is the most`,
    { field, hint: "Take entries out of numa_mapping, or raise default_vcpus" },
  );
}

function checkHostNodes(mapping: readonly (readonly number[])[], distances: NumaDistances): void {
  const owner = new Map<number, number>();
  for (const [index, hostNodes] of mapping.entries()) {
    for (const node of hostNodes) {
      if (!distances.has(node)) {
        const known = [...distances.keys()].slice(0, 16).join(", ") || "none";
        throw new KataError("failed-precondition", `numa_mapping names host node ${node}, which does not exist`, {
          field,
          hint: `This host has: ${known}`,
        });
      }
      const other = owner.get(node);
      if (other !== undefined) {
        throw new KataError(
          "invalid-argument",
          `Entries ${other + 1} and ${index + 1} of numa_mapping both name host node ${node}`,
          { field, hint: "Give each host node to one node of the guest" },
        );
      }
      owner.set(node, index);
    }
  }
}

function distance(from: readonly number[], to: readonly number[], distances: NumaDistances): number {
  let most = nearest;
  for (const one of from) {
    for (const other of to) most = Math.max(most, distances.get(one)?.get(other) ?? nearest);
  }
  return Math.min(most, farthest);
}

import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { parseNumberList } from "./number-list.ts";

/** Relative costs of memory accesses from one node to another: 10 within a node (ACPI, System Locality Information Table). */
export type NumaDistances = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** The host's NUMA nodes. */
export interface HostNuma {
  /** CPUs by node; a node that is memory only has none. */
  readonly cpus: ReadonlyMap<number, readonly number[]>;
  readonly distances: NumaDistances;
}

const directory = "/sys/devices/system/node";

/**
 * The host's NUMA nodes that are online, by what the kernel says about them (Documentation/admin-guide/mm/numaperf.rst and
 * ABI/stable/sysfs-devices-node). A kernel without NUMA has none. Throws KataError `internal` for texts that the kernel does
 * not write, and SysError.
 */
export function readHostNuma(files: Pick<FilesPort, "readText">): HostNuma {
  const cpus = new Map<number, readonly number[]>();
  const distances = new Map<number, ReadonlyMap<number, number>>();
  const nodes = onlineNodes(files);
  for (const node of nodes) {
    cpus.set(node, listIn(files, `${directory}/node${node}/cpulist`));
    distances.set(node, distancesOf(files, node, nodes));
  }
  return { cpus, distances };
}

/** One guest node for each of the host's nodes: the mapping for a configuration that has none. */
export function mappingOfHost({ cpus }: HostNuma): string[] {
  return [...cpus].flatMap(([node, list]) => (list.length === 0 ? [] : [String(node)]));
}

function onlineNodes(files: Pick<FilesPort, "readText">): number[] {
  try {
    return listIn(files, `${directory}/online`);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

function listIn(files: Pick<FilesPort, "readText">, path: string): number[] {
  const text = files.readText(path);
  try {
    return parseNumberList(text);
  } catch (error) {
    throw new KataError("internal", `${path} cannot be understood`, { cause: error });
  }
}

/** The file has one number for each online node, in their order. */
function distancesOf(
  files: Pick<FilesPort, "readText">,
  node: number,
  nodes: readonly number[],
): ReadonlyMap<number, number> {
  const path = `${directory}/node${node}/distance`;
  const text = files.readText(path).trim();
  const words = text.split(/\s+/);
  if (words.length !== nodes.length || words.some((word) => !/^\d{1,3}$/.test(word))) {
    throw new KataError("internal", `${path} must hold ${nodes.length} numbers; got ${shown(text)}`);
  }
  return new Map(words.map((word, index) => [nodes[index] ?? 0, Number(word)]));
}

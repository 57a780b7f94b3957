import type { HypervisorType } from "../hypervisor-type.ts";
import { agentKeys } from "./agent-keys.ts";
import { factoryKeys } from "./factory-keys.ts";
import { hypervisorKeys } from "./hypervisor-keys.ts";
import type { Key, Keys } from "./key.ts";
import { memAgentKeys } from "./mem-agent-keys.ts";
import { rootlessUserKeys } from "./rootless-user-keys.ts";
import { runtimeKeys } from "./runtime-keys.ts";

export { agentKeys, factoryKeys, hypervisorKeys, memAgentKeys, rootlessUserKeys, runtimeKeys };

/** A table of the file. */
export interface CatalogTable {
  /** Its names from the root on; `*` stands for the hypervisor's. */
  readonly path: readonly string[];
  /** What it is about, without a final period. */
  readonly about: string;
  readonly keys: Keys;
}

/** Every table, in the order in which they are written. */
export const catalog: readonly CatalogTable[] = [
  {
    path: ["hypervisor", "*"],
    about: "The virtual machine monitor and the machine that it emulates",
    keys: hypervisorKeys,
  },
  { path: ["hypervisor", "*", "rootless_user"], about: "The user that rootless is about", keys: rootlessUserKeys },
  { path: ["factory"], about: "VMs that are there before a pod wants them", keys: factoryKeys },
  { path: ["agent", "kata"], about: "The agent in the guest", keys: agentKeys },
  { path: ["agent", "kata", "mem_agent"], about: "Memory management within the guest", keys: memAgentKeys },
  { path: ["runtime"], about: "The shim", keys: runtimeKeys },
];

/** Every key with its path, in which `*` stands for the hypervisor's name. */
export function* allKeys(): Generator<readonly [path: readonly string[], key: Key]> {
  for (const { path, keys } of catalog) {
    for (const [name, key] of Object.entries(keys)) yield [[...path, name], key];
  }
}

/** What applies to one hypervisor: tables with its name in their path, and without the keys of others. */
export function keysFor(hypervisor: HypervisorType): CatalogTable[] {
  return catalog.map(({ path, about, keys }) => ({
    path: path.map((part) => (part === "*" ? hypervisor : part)),
    about,
    keys: Object.fromEntries(Object.entries(keys).filter(([, key]) => key.hypervisors?.includes(hypervisor) ?? true)),
  }));
}

/** The keys of a table, by its path; any name may stand for the hypervisor's. Undefined for a table that there is not. */
export function keysOfTable(path: readonly string[]): Keys | undefined {
  return catalog.find((table) => matches(table.path, path))?.keys;
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((part, index) => part === "*" || part === path[index]);
}

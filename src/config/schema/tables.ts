import type { Keys } from "../key.ts";
import { agentKeys } from "./agent.ts";
import { qemuKeys } from "./qemu.ts";
import { runtimeKeys } from "./runtime.ts";

/** Hypervisors that can be configured, by the NAME of `[hypervisor.NAME]`. */
export const hypervisorKeys = { qemu: qemuKeys } as const;
/** Agents, by the NAME of `[agent.NAME]`. */
export const agentTables = { kata: agentKeys } as const;

/** Every table of the file in the order in which it is written. */
export const tables: readonly { readonly path: readonly string[]; readonly about: string; readonly keys: Keys }[] = [
  {
    path: ["hypervisor", "qemu"],
    about: "The virtual machine monitor and the machine that it emulates",
    keys: qemuKeys,
  },
  { path: ["agent", "kata"], about: "The agent in the guest", keys: agentKeys },
  { path: ["runtime"], about: "The shim", keys: runtimeKeys },
];

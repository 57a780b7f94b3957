/** A key that no version of Kata reads any more, or a table with everything in it. */
export interface Retired {
  /** `*` stands for the hypervisor's name. */
  readonly path: readonly string[];
  /** Completes "PATH: ...": what became of it, without a final period. */
  readonly note: string;
}

const noProxy = "ended with Kata 2.0: the shim talks to the agent itself";
const noShimProgram = "ended with Kata 2.0: containerd's shim is the only program of a sandbox besides the VMM's";
const imageTable = "ended with Kata 3.4: guests that pull images by themselves are told so in other ways";
const memoryFile = "ended with Kata 3.32: memory that others map needs no directory";

/** Tables that are gone. */
export const retiredTables: readonly Retired[] = [
  { path: ["proxy"], note: noProxy },
  { path: ["shim"], note: noShimProgram },
  { path: ["netmon"], note: "ended with Kata 2.4: nothing watches a pod's network for changes; they are asked for" },
  { path: ["image"], note: imageTable },
];

/** Keys that are gone from tables that exist. */
export const retiredKeys: readonly Retired[] = [
  {
    path: ["hypervisor", "*", "use_vsock"],
    note: "ended with Kata 2.0: vsock is taken whenever the host has it; see agent_transport in [agent.kata]",
  },
  {
    path: ["hypervisor", "*", "enable_swap"],
    note: "ended with Kata 2.4: a VM's memory is never locked, so that the host may always swap it out",
  },
  {
    path: ["hypervisor", "*", "hotplug_vfio_on_root_bus"],
    note: "ended with Kata 3.2: hot_plug_vfio names the kind of port that devices are plugged into",
  },
  {
    path: ["hypervisor", "*", "snp_certs_path"],
    note: "ended with Kata 3.14: QEMU hands no certificates to SNP guests; verifiers get them from AMD",
  },
  { path: ["hypervisor", "*", "file_mem_backend"], note: memoryFile },
  { path: ["hypervisor", "*", "valid_file_mem_backends"], note: memoryFile },
  {
    path: ["agent", "kata", "trace_mode"],
    note: "ended with Kata 2.3: enable_tracing is all there is to choose",
  },
  {
    path: ["agent", "kata", "trace_type"],
    note: "ended with Kata 2.3: enable_tracing is all there is to choose",
  },
  {
    path: ["runtime", "enable_agent_pidns"],
    note: "ended with Kata 2.0: no container shares the agent's processes; debug_console_enabled gives a look at them",
  },
];

/** What became of a table that is gone; undefined for others. */
export function retiredTable(path: readonly string[]): string | undefined {
  return note(retiredTables, path);
}

/** What became of a key that is gone; undefined for others. */
export function retiredKey(path: readonly string[]): string | undefined {
  return note(retiredKeys, path);
}

function note(list: readonly Retired[], path: readonly string[]): string | undefined {
  return list.find(
    (one) => one.path.length === path.length && one.path.every((part, index) => part === "*" || part === path[index]),
  )?.note;
}

import { KataError } from "../base/error.ts";
import { nearest } from "../base/nearest.ts";
import { shown } from "../base/shown.ts";

/** What differs between hypervisors and concerns nobody but the reader of a configuration. */
interface HypervisorFacts {
  /** The name for people. */
  readonly displayName: string;
  /** Other names that configurations use for it. */
  readonly synonyms?: readonly string[];
  /** The VMM's unix socket for vsock connections, with `{ID}` for the sandbox; absent: it has none of its own. */
  readonly hybridVsock?: string;
  /** kata-ts can run it. */
  readonly driver?: true;
}

// Paths are upstream's. QEMU and StratoVirt use the host's vhost-vsock; the agent's address of a remote VM comes with it.
const facts = {
  qemu: { displayName: "QEMU", driver: true },
  clh: {
    displayName: "Cloud Hypervisor",
    synonyms: ["cloud-hypervisor", "cloudhypervisor"],
    hybridVsock: "/run/vc/vm/{ID}/clh.sock",
  },
  firecracker: {
    displayName: "Firecracker",
    synonyms: ["fc"],
    hybridVsock: "/run/vc/firecracker/{ID}/root/kata.hvsock",
  },
  stratovirt: { displayName: "StratoVirt" },
  dragonball: { displayName: "Dragonball", hybridVsock: "/run/kata/{ID}/root/kata.hvsock" },
  acrn: { displayName: "ACRN" },
  openvmm: { displayName: "OpenVMM", hybridVsock: "/run/kata/{ID}/vsock.sock" },
  remote: { displayName: "remote hypervisor" },
  virtframework: { displayName: "Virtualization.framework" },
  mock: { displayName: "mock hypervisor" },
} as const satisfies Record<string, HypervisorFacts>;

/** Every kind of hypervisor that Kata's configuration knows, by the name of its table; a closed list. */
export type HypervisorType = keyof typeof facts;

/** The closed list, in the order in which it is shown. */
export const hypervisorTypes = Object.keys(facts) as readonly HypervisorType[];

/** Every name that `parseHypervisorType` reads. */
export const hypervisorTypesByName: ReadonlyMap<string, HypervisorType> = new Map(
  hypervisorTypes.flatMap((type) => [type, ...synonymsOf(type)].map((name) => [name, type] as const)),
);

/**
 * The hypervisor that a name stands for; synonyms count. Throws KataError `invalid-argument` with all names, and the one that
 * was probably meant.
 */
export function parseHypervisorType(text: string): HypervisorType {
  const type = hypervisorTypesByName.get(text);
  if (type !== undefined) return type;
  const meant = nearest(text.slice(0, 64).toLowerCase(), [...hypervisorTypesByName.keys()]);
  throw new KataError(
    "invalid-argument",
    `A hypervisor must be one of ${hypervisorTypes.join(", ")}, got ${shown(text)}`,
    meant === undefined ? {} : { hint: `Did you mean ${meant}?` },
  );
}

/** The name that `parseHypervisorType` reads: the one of the configuration's table. */
export function hypervisorTypeName(type: HypervisorType): string {
  return type;
}

/** The name for people, such as `Cloud Hypervisor`. */
export function hypervisorDisplayName(type: HypervisorType): string {
  return factsOf(type).displayName;
}

/** Whether kata-ts can run it; the others can be configured only. */
export function hasDriver(type: HypervisorType): boolean {
  return factsOf(type).driver === true;
}

/** Whether guests are reached through a unix socket of the VMM rather than the host's vsock. */
export function hasHybridVsock(type: HypervisorType): boolean {
  return factsOf(type).hybridVsock !== undefined;
}

/** The path of the VMM's socket for vsock connections, with `{ID}` for the sandbox's id; empty for those without one. */
export function hypervisorSocketTemplate(type: HypervisorType): string {
  return factsOf(type).hybridVsock ?? "";
}

function synonymsOf(type: HypervisorType): readonly string[] {
  return factsOf(type).synonyms ?? [];
}

function factsOf(type: HypervisorType): HypervisorFacts {
  return facts[type];
}

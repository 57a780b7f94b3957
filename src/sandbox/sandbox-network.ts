import { type Clock, sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { Device, Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Endpoint } from "../resource/network/endpoint.ts";
import type { PodNetwork } from "../resource/network/pod-network.ts";
import type { NetnsFacts } from "../resource/network/scan.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { AgentApi } from "./agent-api.ts";

/** A manager that makes the network after the start is waited for this long. */
const WATCH_MS = 5000;
const WATCH_STEP_MS = 50;
/** More queues than this do not pay. */
const MAX_QUEUES = 8;

export interface SandboxNetworkDeps {
  readonly sys: Pick<FilesPort, "close">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined for a sandbox in the host's network. */
  readonly pod: PodNetwork | undefined;
}

type NetworkCard = Extract<Device, { kind: "network" }>;

/** What a VM that runs offers to a network that comes late. */
export interface NetworkGuest {
  readonly vm: Pick<Hypervisor, "name" | "features" | "hotplugAddDevice">;
  readonly agent: AgentApi;
}

/**
 * Joins the interfaces of a pod to its VM: those that are there when the VM starts, and those that come while it runs, as
 * Docker makes them. A sandbox without a network of its own does not load what that takes.
 */
export class SandboxNetwork {
  private readonly deps: SandboxNetworkDeps;
  private readonly queues: number;
  /** Interfaces that have a card in the VM, by the index of the link. */
  private readonly joined = new Set<number>();
  /** Descriptors for a VMM that does not run yet. */
  private taps: readonly number[] = [];
  private cards = 0;
  /** What the guest was told last. */
  private told = "";
  private readonly warned = new Set<string>();
  private turn: Promise<void> = Promise.resolve();
  private over = false;

  constructor(deps: SandboxNetworkDeps, options: { readonly vcpus: number }) {
    this.deps = deps;
    this.queues = Math.max(1, Math.min(Math.floor(options.vcpus), MAX_QUEUES));
  }

  /** Path of the network namespace for the VMM; undefined: the caller's. */
  get netns(): string | undefined {
    return this.deps.pod?.path;
  }

  /** The pod has a network namespace without an interface: somebody may set it up later. */
  get isEmpty(): boolean {
    return this.deps.pod !== undefined && this.joined.size === 0;
  }

  /** Cards for a VM that is about to start. Rejects with KataError; what was joined by then is on the undo list. */
  async cardsForStart(): Promise<readonly NetworkCard[]> {
    const { pod } = this.deps;
    if (pod === undefined || !pod.mayHaveLinks()) return [];
    const cards: NetworkCard[] = [];
    for (const endpoint of await this.plan(await pod.scan())) {
      const { card } = await this.join(pod, endpoint);
      cards.push(card);
      this.taps = [...this.taps, ...card.tapDescriptors];
    }
    return cards;
  }

  /** The VMM, if there is one, has its descriptors and is in the namespace: this program lets go of both. */
  handOver(vmmPid: number | undefined): void {
    const { sys, pod } = this.deps;
    for (const fd of this.taps) sys.close(fd);
    this.taps = [];
    pod?.handOver(vmmPid);
  }

  /** Tells a guest that has booted about its interfaces. Rejects with KataError. */
  async configure(agent: AgentApi): Promise<void> {
    const { pod } = this.deps;
    if (pod !== undefined && !this.isEmpty) await this.tell(agent, await pod.scan());
  }

  /**
   * Looks again: interfaces that came since get cards, and the guest is told what changed. Calls wait for each other. Rejects
   * with KataError, `failed-precondition` when the VM takes no cards while it runs.
   */
  rescan(guest: () => NetworkGuest): Promise<void> {
    const work = this.turn.then(() => this.rescanNow(guest));
    this.turn = work.catch(() => {});
    return work;
  }

  /** Looks again for some seconds, as long as there is nothing. Nobody waits for it, so it never rejects. */
  async watch(guest: () => NetworkGuest): Promise<void> {
    const { clock, logger } = this.deps;
    const giveUpAt = clock.nowMs() + WATCH_MS;
    try {
      while (this.isEmpty && !this.over && clock.nowMs() < giveUpAt) {
        await sleep(clock, WATCH_STEP_MS);
        if (!this.over) await this.rescan(guest);
      }
    } catch (error) {
      if (!this.over) logger.error("cannot set up the pod's network", { error: KataError.from(error) });
    }
  }

  /** The sandbox ends: nothing more is looked for. */
  end(): void {
    this.over = true;
  }

  private async rescanNow(guest: () => NetworkGuest): Promise<void> {
    const { pod } = this.deps;
    if (pod === undefined || (this.isEmpty && !pod.mayHaveLinks())) return;
    const facts = await pod.scan();
    const endpoints = await this.plan(facts);
    if (endpoints.length === 0) return;
    const { vm, agent } = guest();
    for (const endpoint of endpoints) if (!this.joined.has(endpoint.linkIndex)) await this.plugIn(pod, vm, endpoint);
    await this.tell(agent, facts);
  }

  private async plugIn(pod: PodNetwork, vm: NetworkGuest["vm"], endpoint: Endpoint): Promise<void> {
    const { sys, logger } = this.deps;
    if (!vm.features.hotplug.includes("network")) throw cannotPlug(vm.name, endpoint.name);
    const { card, release } = await this.join(pod, endpoint);
    try {
      await vm.hotplugAddDevice(card);
      logger.info("network card plugged in", { interface: endpoint.name });
    } catch (error) {
      this.joined.delete(endpoint.linkIndex);
      await release();
      throw error;
    } finally {
      for (const fd of card.tapDescriptors) sys.close(fd);
    }
  }

  private async join(pod: PodNetwork, endpoint: Endpoint) {
    const { queues } = this;
    const number = this.cards++;
    const { descriptors, release } = await pod.join(endpoint, { number, queues });
    this.joined.add(endpoint.linkIndex);
    const { name, kind, mac, mtu } = endpoint;
    this.deps.logger.info("interface joined", { interface: name, kind, mac, mtu, queues });
    const card: NetworkCard = { kind: "network", id: `nic${number}`, tapDescriptors: descriptors, mac, queues };
    return { card, release };
  }

  private async tell(agent: AgentApi, facts: NetnsFacts): Promise<void> {
    const joined = (await this.plan(facts)).filter(({ linkIndex }) => this.joined.has(linkIndex));
    const [{ guestNetwork }, { configureGuest }] = await Promise.all([
      import("../resource/network/guest-network.ts"),
      import("./guest-network.ts"),
    ]);
    const network = guestNetwork(joined, facts);
    const text = JSON.stringify(network, (_key, value) => (typeof value === "bigint" ? String(value) : value));
    if (text === this.told) return;
    await configureGuest(this.deps.clock, agent, network);
    this.told = text;
  }

  private async plan(facts: NetnsFacts): Promise<readonly Endpoint[]> {
    const { planEndpoints } = await import("../resource/network/endpoint.ts");
    const { endpoints, warnings } = planEndpoints(facts);
    for (const warning of warnings) {
      if (!this.warned.has(warning)) this.deps.logger.warn("network", { warning });
      this.warned.add(warning);
    }
    return endpoints;
  }
}

function cannotPlug(vmm: string, name: string): KataError {
  return new KataError(
    "failed-precondition",
    `Interface ${name} came after the VM's start, and this ${vmm} takes no network cards while it runs`,
    {
      field: "linux.namespaces",
      hint: "Use a machine type with PCI, or set the pod's network up before the sandbox is created",
    },
  );
}

import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { NetlinkSocket } from "../../sys/netlink-socket.ts";
import { RtnetlinkClient } from "../../wire/netlink/client.ts";
import type { UndoOperation } from "../undo.ts";
import type { Endpoint } from "./endpoint.ts";
import { joinsTap, type NetworkModel } from "./model.ts";
import type { JoinedTap, PodNetworkDeps } from "./pod-network.ts";
import { type NetnsFacts, scanNetns } from "./scan.ts";
import { isBusy, openTap, tapName, whileBusy } from "./tap.ts";

/** A network namespace to work in. All of it throws KataError when the namespace cannot be used. */
export interface NetnsPlace {
  readonly path: string;
  inode(): string;
  /** Runs what does not wait in the namespace. */
  inside<T>(action: () => T): T;
}

/** Reads and changes the interfaces of a pod's network namespace. */
export class PodLinks {
  private readonly deps: PodNetworkDeps;
  private readonly place: NetnsPlace;

  constructor(deps: PodNetworkDeps, place: NetnsPlace) {
    this.deps = deps;
    this.place = place;
  }

  /** See `PodNetwork.scan`. */
  scan(): Promise<NetnsFacts> {
    return this.withNetlink(scanNetns);
  }

  /** See `PodNetwork.join`. */
  async join(
    model: NetworkModel,
    endpoint: Endpoint,
    { number, queues }: { readonly number: number; readonly queues: number },
  ): Promise<JoinedTap> {
    const { sys, clock, undo } = this.deps;
    const { place } = this;
    const tap = tapName(number);
    const changes: UndoOperation[] = [];
    const register = () => {
      const link = { link: endpoint.name, index: endpoint.linkIndex, tap };
      changes.push({ kind: "unjoin-link", netns: place.path, inode: place.inode(), ...link });
      undo.push(...changes);
    };
    const release = async () => {
      for (const change of changes.splice(0)) await undo.release(change).catch(() => undefined);
    };
    let descriptors: readonly number[] = [];
    try {
      descriptors = await this.openTap(tap, queues);
      await this.withNetlink((net) => joinTap({ net, clock, register }, model, { ...endpoint, tap }));
      return { descriptors, release };
    } catch (error) {
      for (const fd of descriptors) sys.close(fd);
      await release();
      throw KataError.wrap(error, `Cannot join interface ${endpoint.name} of the pod to the VM`);
    }
  }

  private async openTap(tap: string, queues: number): Promise<readonly number[]> {
    const { sys, clock } = this.deps;
    try {
      return await whileBusy(clock, () => this.place.inside(() => openTap(sys, tap, queues)));
    } catch (error) {
      if (!isBusy(error)) throw error;
      throw new KataError("failed-precondition", `The network namespace serves another VM, which has its ${tap}`, {
        field: "linux.namespaces",
        hint: "VMs cannot share a network namespace: give each its own, or run the containers in one pod",
        cause: error,
      });
    }
  }

  private async withNetlink<T>(work: (net: RtnetlinkClient) => Promise<T>): Promise<T> {
    const { sys } = this.deps;
    const transport = this.place.inside(() => new NetlinkSocket({ sys }));
    try {
      return await work(new RtnetlinkClient({ transport }));
    } finally {
      transport.close();
    }
  }
}

/** drivers/net/tun.c: 65535 bytes with the Ethernet header. */
const MAX_TAP_MTU = 65_535 - 14;

interface JoinDeps {
  readonly net: RtnetlinkClient;
  readonly clock: Clock;
  /** Called right before the pod's interface is changed. */
  readonly register: () => void;
}

/**
 * Brings a tap up with the MTU of the pod's interface and joins the two. Rejects with KataError, `failed-precondition` when
 * somebody else looks at the interface's packets already.
 */
async function joinTap(
  { net, clock, register }: JoinDeps,
  model: NetworkModel,
  {
    name,
    linkIndex,
    mtu,
    tap,
  }: { readonly name: string; readonly linkIndex: number; readonly mtu: number; readonly tap: string },
): Promise<void> {
  const tapIndex = (await net.findLink(tap))?.index;
  if (tapIndex === undefined) throw new KataError("not-found", `The tap ${tap} is gone`);
  await net.setLink(tapIndex, { mtu: Math.min(mtu, MAX_TAP_MTU), up: true });
  if (!joinsTap(model)) return;
  if ((await net.ingressLinks()).includes(linkIndex)) {
    throw new KataError(
      "failed-precondition",
      `Interface ${name} has an ingress qdisc already: another VM or program uses its packets`,
    );
  }
  register();
  for (const index of [tapIndex, linkIndex]) await whileBusy(clock, () => net.addIngress(index));
  await whileBusy(clock, () => net.redirectIngress(tapIndex, linkIndex));
  await whileBusy(clock, () => net.redirectIngress(linkIndex, tapIndex));
}

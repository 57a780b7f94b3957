import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { NetlinkSocket } from "../../sys/netlink-socket.ts";
import type { Sys } from "../../sys/sys.ts";
import { RtnetlinkClient } from "../../wire/netlink/client.ts";
import type { UndoOperation } from "../undo.ts";
import type { UndoStack } from "../undo-stack.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkModel, joinTap, type NetworkModel } from "./model.ts";
import { createNetns, inNetns, openNetns, type PodNetns } from "./netns.ts";
import { type NetnsFacts, scanNetns } from "./scan.ts";
import { isBusy, openTap, tapName, whileBusy } from "./tap.ts";

/** What working on a pod's network needs. */
export interface PodNetworkDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly undo: UndoStack;
}

/** An interface that is joined to a tap. */
export interface JoinedTap {
  /** One for each queue; the caller's to close. */
  readonly descriptors: readonly number[];
  /** Takes the joining back, whatever the descriptors' state is. What cannot be taken back stays on the undo list. */
  release(): Promise<void>;
}

/** A pod's network namespace: what is in it, and how it is joined to the VM. */
export interface PodNetwork {
  /** Path of the namespace, for programs that are to run in it. */
  readonly path: string;
  /** Whether a scan could find anything: quicker to ask, for whoever asks often. */
  mayHaveLinks(): boolean;
  /** Rejects with KataError. */
  scan(): Promise<NetnsFacts>;
  /**
   * Makes a tap for the VM's network card of this number and joins it to the interface. A failure leaves nothing. Rejects with
   * KataError.
   */
  join(endpoint: Endpoint, options: { readonly number: number; readonly queues: number }): Promise<JoinedTap>;
  /** This program lets go of the namespace; it can still be used if a process of this pid is in it. Harmless when repeated. */
  handOver(pid: number | undefined): void;
}

/** A pod's network namespace on this host. It is only entered for the moment that it takes to open sockets and taps there. */
export class HostPodNetwork implements PodNetwork {
  private readonly deps: PodNetworkDeps;
  private readonly model: NetworkModel;
  /** A namespace that nobody else keeps. */
  private own: number | undefined;
  private where: string;
  /** A process that is in the namespace. */
  private inhabitant: number | undefined;

  /** Makes the namespace if it is to be a new one. Throws SysError, and KataError for a model that there is not. */
  constructor(deps: PodNetworkDeps, netns: Exclude<PodNetns, { kind: "host" }>, model: NetworkModel) {
    checkModel(model);
    this.deps = deps;
    this.model = model;
    this.own = netns.kind === "new" ? createNetns(deps.sys) : undefined;
    this.where = netns.kind === "path" ? netns.path : `/proc/${deps.sys.pid()}/fd/${this.own}`;
  }

  get path(): string {
    return this.where;
  }

  mayHaveLinks(): boolean {
    if (this.inhabitant === undefined) return true;
    try {
      const table = this.deps.sys.readText(`/proc/${this.inhabitant}/net/dev`);
      return table.split("\n").some((line) => /^\s*(?!lo:)[^\s:|]+:/.test(line));
    } catch {
      // What is wrong with the namespace is for the scan to say.
      return true;
    }
  }

  scan(): Promise<NetnsFacts> {
    return this.withNetlink(scanNetns);
  }

  async join(
    endpoint: Endpoint,
    { number, queues }: { readonly number: number; readonly queues: number },
  ): Promise<JoinedTap> {
    const { sys, clock, undo } = this.deps;
    const tap = tapName(number);
    const changes: UndoOperation[] = [];
    const register = () => {
      changes.push({ kind: "unjoin-link", netns: this.where, inode: this.inode(), link: endpoint.name, tap });
      undo.push(...changes);
    };
    const release = async () => {
      for (const change of changes.splice(0)) await undo.release(change).catch(() => undefined);
    };
    let descriptors: readonly number[] = [];
    try {
      descriptors = await this.openTap(tap, queues);
      await this.withNetlink((net) => joinTap({ net, clock, register }, this.model, { ...endpoint, tap }));
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
      return await whileBusy(clock, () => this.inside(() => openTap(sys, tap, queues)));
    } catch (error) {
      if (!isBusy(error)) throw error;
      throw new KataError("failed-precondition", `The network namespace serves another VM, which has its ${tap}`, {
        field: "linux.namespaces",
        hint: "VMs cannot share a network namespace: give each its own, or run the containers in one pod",
        cause: error,
      });
    }
  }

  handOver(pid: number | undefined): void {
    this.inhabitant = pid;
    if (this.own === undefined) return;
    if (pid !== undefined) this.where = `/proc/${pid}/ns/net`;
    this.deps.sys.close(this.own);
    this.own = undefined;
  }

  private async withNetlink<T>(work: (net: RtnetlinkClient) => Promise<T>): Promise<T> {
    const { sys } = this.deps;
    const transport = this.inside(() => new NetlinkSocket({ sys }));
    try {
      return await work(new RtnetlinkClient({ transport }));
    } finally {
      transport.close();
    }
  }

  private inside<T>(action: () => T): T {
    const { sys } = this.deps;
    return this.opened((fd) => inNetns(sys, fd, action));
  }

  private inode(): string {
    return this.opened((fd) => String(this.deps.sys.fstat(fd).inode));
  }

  private opened<T>(action: (fd: number) => T): T {
    const { sys } = this.deps;
    let fd: number | undefined;
    try {
      fd = openNetns(sys, this.where);
      return action(fd);
    } catch (error) {
      throw KataError.wrap(error, `Cannot use the pod's network namespace ${this.where}`, {
        field: "linux.namespaces",
      });
    } finally {
      if (fd !== undefined) sys.close(fd);
    }
  }
}

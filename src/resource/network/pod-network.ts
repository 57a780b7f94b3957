import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { Sys } from "../../sys/sys.ts";
import type { UndoStack } from "../undo-stack.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkModel, type NetworkModel } from "./model.ts";
import { createNetns, inNetns, openNetns, type PodNetns } from "./netns.ts";
import type { NetnsPlace, PodLinks } from "./pod-links.ts";
import type { NetnsFacts } from "./scan.ts";

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
  /** Whether a scan could find anything: takes less time and code. Throws KataError. */
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
export class HostPodNetwork implements PodNetwork, NetnsPlace {
  private readonly deps: PodNetworkDeps;
  private readonly model: NetworkModel;
  /** A namespace that nobody else keeps. */
  private own: number | undefined;
  private where: string;

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
    const table = this.inside(() => this.deps.sys.readText("/proc/self/net/dev"));
    return table.split("\n").some((line) => /^\s*(?!lo:)[^\s:|]+:/.test(line));
  }

  async scan(): Promise<NetnsFacts> {
    return (await this.links()).scan();
  }

  async join(endpoint: Endpoint, options: { readonly number: number; readonly queues: number }): Promise<JoinedTap> {
    return (await this.links()).join(this.model, endpoint, options);
  }

  handOver(pid: number | undefined): void {
    if (this.own === undefined) return;
    if (pid !== undefined) this.where = `/proc/${pid}/ns/net`;
    this.deps.sys.close(this.own);
    this.own = undefined;
  }

  inside<T>(action: () => T): T {
    const { sys } = this.deps;
    return this.opened((fd) => inNetns(sys, fd, action));
  }

  inode(): string {
    return this.opened((fd) => String(this.deps.sys.fstat(fd).inode));
  }

  /** A pod that has no interface does without the code. */
  private async links(): Promise<PodLinks> {
    const { PodLinks } = await import("./pod-links.ts");
    return new PodLinks(this.deps, this);
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

import { sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Annotations } from "../oci/spec.ts";
import { SandboxShare } from "../resource/share.ts";
import type { StatsContainerResponse } from "../wire/gen/agent/agent.ts";
import type { AgentApi, AgentConnection } from "./agent-api.ts";
import {
  type BootDeps,
  type BootedGuest,
  type BootOptions,
  bootGuest,
  type LaunchedVm,
  type StartedVm,
  startVm,
} from "./boot.ts";
import { channelUrl } from "./channel-url.ts";
import type { Container } from "./container.ts";
import { ContainerMaker } from "./container-maker.ts";
import { deadlines } from "./deadlines.ts";
import { HealthMonitor } from "./health.ts";
import { hostStats } from "./host-stats.ts";
import { lateNetwork } from "./late-network.ts";
import type { ContainerRequest } from "./place-container.ts";
import { atStage, inStage } from "./stages.ts";
import { SandboxStore } from "./store.ts";
import type { TaskProcess } from "./task-process.ts";
import { vmIsBusy } from "./vm-activity.ts";
import { firstLoss, watchMemory } from "./watch.ts";

/** What a sandbox tells its owner. */
export interface SandboxEvents {
  /** A process has ended and its output is delivered. Awaited before anybody else learns of the end. */
  exited(process: TaskProcess): Promise<void>;
  /** The guest's kernel killed a process of this container for want of memory. */
  outOfMemory(containerId: string): Promise<void>;
}

export interface SandboxDeps extends Omit<BootDeps, "undo"> {
  readonly events: SandboxEvents;
}

export interface SandboxOptions extends Omit<BootOptions, "vmDir" | "servedDirectory"> {
  readonly namespace: string;
  readonly bundle: string;
  /** The socket of its shim. */
  readonly socket?: string;
  /** Kernel parameters of the pod, for all its containers. */
  readonly sysctl: Annotations;
  /** /run except in tests. */
  readonly runDir?: string;
}

type Phase =
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly guest: BootedGuest }
  | { readonly kind: "stopped"; readonly cause: KataError | undefined };

/** Reads of an output that are under way at once, with an agent that keeps their order. */
const READS_AT_ONCE = 8;
/** How long a stop waits for the programs that are just being started, so that it finds them. */
const LAUNCH_MS = 1000;
/** How long execs may take to report their own ends when the VM is about to go. */
const EXEC_GRACE_MS = 500;

/**
 * A VM and the containers in it. Everything it acquires is on its undo list, which a failed start, a stop and a clean-up
 * after a crash work off alike.
 */
export class Sandbox {
  readonly id: string;
  private readonly deps: SandboxDeps;
  private readonly options: SandboxOptions;
  private readonly store: SandboxStore;
  private readonly share: SandboxShare;
  private readonly maker: ContainerMaker;
  private readonly containers = new Map<string, Container>();
  private phase: Phase = { kind: "starting" };
  private started: Partial<StartedVm> = {};
  private launched: Promise<LaunchedVm> | undefined;
  private launching = false;
  private guest: Promise<BootedGuest> | undefined;
  private health: HealthMonitor | undefined;
  private stopping: Promise<void> | undefined;
  private resolveEnded: () => void = () => {};
  /** Settles when the sandbox has ended and everything is taken back. */
  readonly ended = new Promise<void>((resolve) => {
    this.resolveEnded = resolve;
  });

  constructor(deps: SandboxDeps, options: SandboxOptions) {
    this.deps = deps;
    this.options = options;
    this.id = options.guest.id;
    const { namespace, bundle, socket, runDir, config } = options;
    this.store = new SandboxStore(deps, {
      sandboxId: this.id,
      namespace,
      bundle,
      socket,
      runDir,
      hypervisor: config.hypervisor.name,
    });
    this.share = new SandboxShare({ sys: deps.sys, undo: this.store.undo }, this.store.paths.share);
    this.maker = this.newMaker();
  }

  /** The VMM's pid, which stands for every process of the sandbox; 0 before there is one. */
  get vmmPid(): number {
    return this.started.vm?.pid ?? 0;
  }

  /** The programs that run for it. */
  get pids(): { readonly vmm: number | undefined; readonly shareFs: number | undefined } {
    return { vmm: this.started.vm?.pid, shareFs: this.started.shareFs?.pid };
  }

  /** What these programs use on the host. */
  get hostStats(): StatsContainerResponse {
    const { vmm, shareFs } = this.pids;
    return hostStats(
      this.deps.sys,
      [vmm, shareFs].filter((pid) => pid !== undefined),
    );
  }

  /** The directory of its record. */
  get stateDir(): string {
    return this.store.paths.stateDir;
  }

  /** How its agent is reached, as a URL; empty before there is a VM. */
  get agentUrl(): string {
    const { vm } = this.started;
    return vm === undefined ? "" : channelUrl(vm.channels.agent);
  }

  /** The guest's metrics in the Prometheus text format. */
  async guestMetrics(): Promise<string> {
    return (await this.agent("read metrics").getMetrics({}, { timeoutMs: deadlines.stats })).metrics;
  }

  /** Throws KataError with the reason when containers cannot be expected to work. */
  requireAlive(): void {
    this.agent("answer");
  }

  /** Why the sandbox ended, if it failed. */
  get failure(): KataError | undefined {
    return this.phase.kind === "stopped" ? this.phase.cause : undefined;
  }

  /**
   * Starts the VM and waits until its guest is ready for containers. A failure takes everything back before it is
   * thrown; the error names the stage.
   */
  async start(): Promise<void> {
    const launched = this.launch();
    const guest = inStage("prepare-sandbox", async () => bootGuest(this.bootDeps, this.bootOptions, await launched));
    // `createContainer` awaits them too, maybe later than they fail.
    for (const promise of [launched, guest]) promise.catch(() => {});
    this.launched = launched;
    this.guest = guest;
    try {
      const booted = await guest;
      if (this.phase.kind !== "starting") {
        booted.connection.close();
        throw this.notRunning("start");
      }
      this.phase = { kind: "running", guest: booted };
      this.store.setState("running");
      this.health = this.watchHealth(booted.connection);
      void this.watchLoss(await launched, booted.connection);
      void watchMemory(this.deps, booted.connection, (id) => this.containers.has(id));
    } catch (error) {
      const staged = atStage("prepare-sandbox", error);
      await this.stop(staged);
      throw staged;
    }
  }

  /**
   * Makes a container: its mounts while the guest still boots, then the container itself. May be called right after
   * `start`, without waiting for it. Whoever made the sandbox for this container stops it when this fails.
   */
  async createContainer(request: ContainerRequest): Promise<Container> {
    const { id, bundle } = request;
    if (this.containers.has(id) || this.share.holds(id)) {
      throw new KataError("already-exists", `There is a container ${id} already`, { field: "id" });
    }
    await this.launched;
    if (this.stopping !== undefined) throw this.notRunning("create a container");
    try {
      const container = await this.maker.make(request);
      if (this.stopping !== undefined) throw this.notRunning("create a container");
      this.containers.set(id, container);
      this.store.addContainer(id, bundle);
      return container;
    } catch (error) {
      // A sandbox that is stopping takes back what was registered before; the rest comes after it.
      await this.stopping;
      await this.release(id);
      throw error;
    }
  }

  /** Takes a container that has ended, or never started, out of the guest and off the share. */
  async removeContainer(container: Container): Promise<void> {
    const { id } = container;
    if (this.phase.kind === "running") {
      const timeoutMs = deadlines.removeContainer;
      try {
        const agent = this.agent(`remove container ${id}`);
        await this.urgent(agent.removeContainer({ containerId: id, timeout: 0 }, { timeoutMs }), id);
      } catch (error) {
        this.deps.logger.warn("the guest cannot remove a container", { container: id, error: KataError.from(error) });
      }
    }
    await this.stopping;
    await this.release(id);
    this.containers.delete(id);
    this.store.dropContainer(id);
  }

  /**
   * Ends the VM and takes everything back; containers that run end with exit code 137. Any number of callers get the same
   * promise. Problems are logged, and what could not be taken back stays in the record for the next clean-up.
   */
  stop(cause?: KataError): Promise<void> {
    this.stopping ??= this.stopOnce(cause);
    return this.stopping;
  }

  private get bootDeps(): BootDeps {
    return { ...this.deps, undo: this.store.undo };
  }

  private get bootOptions(): BootOptions {
    return { ...this.options, vmDir: this.store.paths.vmDir, servedDirectory: this.share.servedDirectory };
  }

  private newMaker(): ContainerMaker {
    const { disableGuestSeccomp, createContainerTimeoutSeconds } = this.options.config.runtime;
    const createTimeoutMs = createContainerTimeoutSeconds * 1000;
    return new ContainerMaker(
      {
        ...this.deps,
        share: this.share,
        vmmPid: () => this.vmmPid,
        agent: (what) => this.agent(what),
        guest: () => this.bootedGuest(),
        readsAtOnce: () => (this.phase.kind === "running" && this.phase.guest.orderedStreams ? READS_AT_ONCE : 1),
        hostStats: () => this.hostStats,
        onExit: (process) => {
          for (const container of this.containers.values()) container.otherEnded();
          return this.deps.events.exited(process);
        },
        network: lateNetwork(
          async () => this.launched,
          (what) => this.agent(what),
        ),
        urgent: (call, containerId) => this.urgent(call, containerId),
        giveUp: (cause) => this.stop(cause),
        othersNeedVm: (id) => [...this.containers.values()].some((other) => other.id !== id && other.needsVm),
      },
      { sandboxId: this.id, disableGuestSeccomp, createTimeoutMs, sysctl: this.options.sysctl },
    );
  }

  private async bootedGuest(): Promise<BootedGuest> {
    const guest = await this.guest;
    if (guest === undefined || this.phase.kind === "stopped") throw this.notRunning("create a container");
    return guest;
  }

  private agent(what: string): AgentApi {
    if (this.phase.kind !== "running") throw this.notRunning(what);
    const hang = this.health?.hang;
    if (hang !== undefined) throw KataError.wrap(hang, `Cannot ${what}`);
    return this.phase.guest.connection.agent;
  }

  /** For calls that end a container. A sandbox that is to outlive it is a reason to be patient with a guest that is busy. */
  private urgent<T>(call: Promise<T>, containerId: string): Promise<T> {
    return this.health?.urgent(call, { patient: containerId !== this.id }) ?? call;
  }

  private notRunning(what: string): KataError {
    const cause = this.failure;
    return new KataError("failed-precondition", `Cannot ${what}: the sandbox is ${this.phase.kind}`, {
      ...(cause === undefined ? {} : { cause }),
    });
  }

  private async launch(): Promise<LaunchedVm> {
    this.launching = true;
    try {
      await inStage("prepare-sandbox", () => this.store.claim());
      if (this.stopping !== undefined) throw this.notRunning("start");
      await inStage("share-rootfs", async () => {
        this.share.prepare();
        await this.deps.failpoints.hit("share-prepared");
      });
      if (this.stopping !== undefined) throw this.notRunning("start");
      return await startVm(this.bootDeps, this.bootOptions, (part) => {
        this.started = { ...this.started, ...part };
      });
    } finally {
      this.launching = false;
    }
  }

  private async release(containerId: string): Promise<void> {
    try {
      await this.share.remove(containerId);
    } catch (error) {
      this.deps.logger.warn("cannot take back a container's mounts", { error: KataError.from(error) });
    }
  }

  private async watchLoss(vm: StartedVm, connection: AgentConnection): Promise<void> {
    const { sys, clock } = this.deps;
    const sandbox = { id: this.id, cgroupsPath: this.options.cgroupsPath };
    const cause = await firstLoss({ sys, clock, sandbox }, vm, connection);
    if (this.phase.kind === "running") await this.stop(cause);
  }

  private watchHealth(connection: AgentConnection): HealthMonitor {
    const { clock, logger, sys } = this.deps;
    const lost = (cause: KataError) => void this.stop(cause);
    return new HealthMonitor({ clock, logger, lost, vmIsBusy: () => vmIsBusy(sys, this.vmmPid) }, connection);
  }

  private async stopOnce(cause: KataError | undefined): Promise<void> {
    const { logger, failpoints } = this.deps;
    const { phase } = this;
    if (cause !== undefined) logger.error("sandbox failed", { error: cause });
    else if (phase.kind === "running") await this.awaitExecs();
    this.phase = { kind: "stopped", cause };
    this.health?.stop();
    const launched = this.launched?.then(({ network }) => network.end()).catch(() => {});
    if (this.launching) await Promise.race([launched, sleep(this.deps.clock, LAUNCH_MS)]);
    if (this.launching) void launched?.then(() => this.endLate());
    await this.attempt("stop the VM", async () => {
      await failpoints.hit("stop-before-vmm");
      if (phase.kind === "running") phase.guest.connection.close(cause);
      // The exits are published while the VMM goes.
      const lost = Promise.all([...this.containers.values()].map((container) => container.lost()));
      await this.endPrograms();
      await lost;
    });
    await this.attempt("clean up", async () => {
      await failpoints.hit("stop-before-unwind");
      await this.store.unwind();
    });
    logger.info("sandbox stopped");
    this.resolveEnded();
  }

  /** What a start that hung for long still began must not stay either. */
  private async endLate(): Promise<void> {
    await this.attempt("stop the VM", () => this.endPrograms());
    await this.attempt("clean up", () => this.store.unwind());
  }

  private async endPrograms(): Promise<void> {
    await this.started.vm?.stopVm({ graceMs: 0 });
    await this.started.shareFs?.stop();
  }

  /** Execs die with the container's first process; their own exit codes and last words are worth a moment. */
  private async awaitExecs(): Promise<void> {
    const ends = [...this.containers.values()]
      .filter(({ init }) => init.exit !== undefined)
      .flatMap(({ processes }) => processes)
      .filter(({ state }) => state.kind !== "created" && state.kind !== "stopped")
      .map(({ exited }) => exited);
    if (ends.length > 0) await Promise.race([Promise.all(ends), sleep(this.deps.clock, EXEC_GRACE_MS)]);
  }

  /** Goes on whatever happens: a stop has to reach its end. */
  private async attempt(what: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.deps.logger.error(`cannot ${what}`, { error: atStage("stop-sandbox", error) });
    }
  }
}

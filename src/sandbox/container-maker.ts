import { KataError } from "../base/error.ts";
import type { Annotations, Spec } from "../oci/spec.ts";
import type { SandboxShare } from "../resource/share.ts";
import type { StatsContainerResponse } from "../wire/gen/agent/agent.ts";
import type { AgentApi } from "./agent-api.ts";
import type { BootDeps, BootedGuest } from "./boot.ts";
import type { Container } from "./container.ts";
import { deadlines } from "./deadlines.ts";
import { GuestContainer, type GuestContainerDeps } from "./guest-container.ts";
import { createContainerRequest } from "./guest-requests.ts";
import type { HookPoint, HookState } from "./hooks.ts";
import type { LateNetwork } from "./late-network.ts";
import { type ContainerRequest, type GuestContainerRequest, placeContainer } from "./place-container.ts";
import { inStage } from "./stages.ts";
import type { TaskProcess } from "./task-process.ts";

/** What making containers needs of a sandbox. */
export interface MakerDeps extends Omit<BootDeps, "undo"> {
  readonly share: SandboxShare;
  /** The VMM's pid, which hooks are told. */
  readonly vmmPid: () => number;
  readonly agent: (what: string) => AgentApi;
  /** Resolves when the guest takes containers; rejects with the reason when it never will. */
  readonly guest: () => Promise<BootedGuest>;
  readonly readsAtOnce: () => number;
  readonly hostStats: () => StatsContainerResponse;
  readonly onExit: (process: TaskProcess) => Promise<void>;
  readonly network: LateNetwork;
  readonly urgent: GuestContainerDeps["urgent"];
  readonly giveUp: (cause: KataError) => Promise<void>;
  readonly othersNeedVm: GuestContainerDeps["othersNeedVm"];
}

export interface MakerOptions {
  readonly sandboxId: string;
  readonly disableGuestSeccomp: boolean;
  readonly createTimeoutMs: number;
  /** Kernel parameters that the pod's own specification sets for all its containers. */
  readonly sysctl: Annotations;
}

/** Makes the containers of one sandbox. */
export class ContainerMaker {
  private readonly deps: MakerDeps;
  private readonly options: MakerOptions;
  /** What the first container is to set for its pod; nothing once that is done. */
  private podSysctl: Annotations;

  constructor(deps: MakerDeps, options: MakerOptions) {
    this.deps = deps;
    this.options = options;
    this.podSysctl = options.sysctl;
  }

  /** Makes a container; what it has in the share by then is the caller's to remove when this fails. */
  async make(request: ContainerRequest): Promise<Container> {
    if (request.kind === "guest") return this.makeGuestContainer(request);
    await this.runCreateHooks(request);
    await this.guestAfterHooks(request);
    return inStage("create-container", async () => {
      await this.deps.failpoints.hit("container-before-create");
      await this.deps.failpoints.hit("container-created");
      const { clock, failpoints, hostStats, network, onExit } = this.deps;
      const logger = this.deps.logger.child({ container: request.id });
      const runHooks = this.hookRunner(request);
      const { PodContainer } = await import("./pod-container.ts");
      return new PodContainer({ clock, failpoints, logger, onExit, network, runHooks, stats: hostStats }, request);
    });
  }

  private async makeGuestContainer(request: GuestContainerRequest): Promise<Container> {
    const { failpoints, share } = this.deps;
    const placed = await inStage("share-rootfs", () => placeContainer(this.deps, share, request));
    await this.runCreateHooks(request);
    const guest = await this.guestAfterHooks(request);
    return inStage("create-container", async () => {
      await failpoints.hit("container-before-create");
      const { disableGuestSeccomp, createTimeoutMs } = this.options;
      if (request.spec.linux.seccomp !== undefined && !disableGuestSeccomp && !guest.supportsSeccomp) throw noSeccomp();
      const spec = withSysctl(request.spec, this.podSysctl);
      const agent = this.deps.agent("create a container");
      const wanted = createContainerRequest({ ...request, ...placed, spec, disableGuestSeccomp });
      try {
        await agent.createContainer(wanted, { timeoutMs: createTimeoutMs });
        await failpoints.hit("container-created");
      } catch (error) {
        await this.forget(agent, request.id);
        throw error;
      }
      // A container that starts again must not take back what the pod's programs have set since.
      this.podSysctl = {};
      const { clock, network, readsAtOnce, onExit, urgent, giveUp, othersNeedVm, sys } = this.deps;
      const logger = this.deps.logger.child({ container: request.id });
      const runHooks = this.hookRunner(request);
      return new GuestContainer(
        {
          clock,
          logger,
          agent: this.deps.agent,
          readsAtOnce,
          onExit,
          urgent,
          giveUp,
          othersNeedVm,
          failpoints,
          network,
          runHooks,
          random: sys,
        },
        request,
      );
    });
  }

  /** The guest may have made a container that the host takes for failed: it must not be in the way of the next try. */
  private async forget(agent: AgentApi, id: string): Promise<void> {
    try {
      const timeoutMs = deadlines.removeContainer;
      await this.deps.urgent(agent.removeContainer({ containerId: id, timeout: 0 }, { timeoutMs }), id);
    } catch (error) {
      this.deps.logger.debug("the guest has no such container", { container: id, error: KataError.from(error) });
    }
  }

  private async runCreateHooks(request: ContainerRequest): Promise<void> {
    const run = this.hookRunner(request);
    await inStage("create-container", async () => {
      await run("prestart", "creating");
      await run("createRuntime", "creating");
    });
  }

  /** The guest, which knows by now of interfaces that the hooks made. */
  private async guestAfterHooks({ spec: { hooks } }: ContainerRequest): Promise<BootedGuest> {
    const guest = await this.deps.guest();
    if (hooks.prestart.length + hooks.createRuntime.length > 0) await this.deps.network.afterHooks();
    return guest;
  }

  /** The runner lives as long as its container, so it keeps no more of the specification than it needs. */
  private hookRunner({ id, bundle, spec: { hooks, ociVersion, annotations } }: ContainerRequest) {
    const { backends, logger, vmmPid } = this.deps;
    return async (point: HookPoint, status: HookState["status"]): Promise<void> => {
      const due = hooks[point];
      if (due.length === 0) return;
      await backends.runHooks(point, due, { ociVersion, id, status, pid: vmmPid(), bundle, annotations }, logger);
    };
  }
}

/** The specification with the pod's kernel parameters; the container's own come last. */
function withSysctl(spec: Spec, pod: Annotations): Spec {
  const sysctl: Record<string, string> = Object.assign(Object.create(null), pod, spec.linux.sysctl);
  return { ...spec, linux: { ...spec.linux, sysctl } };
}

function noSeccomp(): KataError {
  return new KataError(
    "failed-precondition",
    "The container has a seccomp profile, and the guest's kernel has no seccomp",
    {
      field: "linux.seccomp",
      hint: "Use a guest kernel with seccomp, or set  disable_guest_seccomp = true  in [runtime]",
    },
  );
}

import type { Clock } from "../base/clock.ts";
import { sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import { validateId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { CgroupMode } from "../resource/cgroup.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { inStage } from "../sandbox/stages.ts";
import type * as wire from "../wire/gen/containerd/sandbox/v1/sandbox.ts";
import type { sandboxService } from "../wire/services/sandbox.ts";
import type { CallContext, ServiceHandlers } from "../wire/ttrpc/handlers.ts";
import type { PreparedSandbox } from "./prepare-sandbox.ts";
import type { Tasks } from "./tasks.ts";
import { toTimestamp } from "./timestamp.ts";

export interface SandboxServiceDeps {
  readonly tasks: Tasks;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cgroupMode: () => CgroupMode;
  /** The machine's name as uname(2) has it. */
  readonly machine: string;
  /** Checks what can be checked about a sandbox. */
  readonly plan: (request: wire.CreateSandboxRequest) => Promise<PreparedSandbox>;
  /** Ends the shim, once the answer to the current call is on its way. */
  readonly shutdown: () => void;
}

/** The life of the shim's sandbox, as far as this API made it. */
type State =
  | { readonly kind: "none" }
  | { readonly kind: "created"; readonly sandbox: Sandbox }
  | { readonly kind: "starting"; readonly sandbox: Sandbox }
  | { readonly kind: "ready"; readonly sandbox: Sandbox; readonly startedMs: number }
  | { readonly kind: "stopped"; readonly sandbox: Sandbox; readonly startedMs: number; readonly end: End };

interface End {
  readonly code: number;
  readonly atMs: number;
}

/** Exit status of a sandbox whose VM was lost: 128 + SIGKILL, as for its containers. */
const LOST = 137;
/** Go's names of machines, which containerd uses. */
const architectures: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

/**
 * containerd's sandbox API: a VM that exists without any container. Containers join it by the task API. States are named as
 * Kubernetes names them, because containerd's CRI plugin passes them on.
 */
export class SandboxService implements ServiceHandlers<typeof sandboxService> {
  private readonly deps: SandboxServiceDeps;
  private state: State = { kind: "none" };
  private resolveEnded: (end: End) => void = () => {};
  private readonly ended = new Promise<End>((resolve) => {
    this.resolveEnded = resolve;
  });

  constructor(deps: SandboxServiceDeps) {
    this.deps = deps;
  }

  async createSandbox(request: wire.CreateSandboxRequest): Promise<wire.CreateSandboxResponse> {
    validateId(request.sandboxId, "sandbox_id");
    if (this.state.kind !== "none") {
      throw new KataError("already-exists", `This shim has the sandbox ${this.state.sandbox.id} already`, {
        field: "sandbox_id",
      });
    }
    const plan = await inStage("prepare-sandbox", () => this.deps.plan(request));
    const sandbox = this.deps.tasks.addSandbox(plan);
    this.state = { kind: "created", sandbox };
    void sandbox.ended.then(() => this.end(sandbox));
    return {};
  }

  async startSandbox({ sandboxId }: wire.StartSandboxRequest): Promise<wire.StartSandboxResponse> {
    const { kind, sandbox } = this.named(sandboxId);
    if (kind !== "created") {
      throw new KataError("failed-precondition", `Sandbox ${sandboxId} must be created to be started, it is ${kind}`);
    }
    this.state = { kind: "starting", sandbox };
    await this.deps.tasks.startSandbox(sandbox);
    const startedMs = this.deps.clock.wallMs();
    if (this.is("starting")) this.state = { kind: "ready", sandbox, startedMs };
    return { pid: sandbox.vmmPid, createdAt: toTimestamp(startedMs) };
  }

  platform({ sandboxId }: wire.PlatformRequest): wire.PlatformResponse {
    this.named(sandboxId);
    const { machine } = this.deps;
    const architecture = architectures[machine] ?? machine;
    return { platform: { os: "linux", architecture, variant: "", osVersion: "" } };
  }

  /** Stops the VM and all containers; a sandbox that has stopped stays so. `timeout_secs` bounds the wait, not the stop. */
  async stopSandbox({ sandboxId, timeoutSecs }: wire.StopSandboxRequest): Promise<wire.StopSandboxResponse> {
    const { sandbox } = this.named(sandboxId);
    const stopped = inStage("stop-sandbox", () => this.deps.tasks.stopSandbox(sandbox));
    if (timeoutSecs === 0) await stopped;
    else {
      const late = sleep(this.deps.clock, timeoutSecs * 1000).then(() => {
        throw new KataError("deadline-exceeded", `Sandbox ${sandboxId} did not stop within ${timeoutSecs} s`);
      });
      late.catch(() => {});
      await Promise.race([stopped, late]);
    }
    return {};
  }

  async waitSandbox({ sandboxId }: wire.WaitSandboxRequest): Promise<wire.WaitSandboxResponse> {
    this.named(sandboxId);
    const { code, atMs } = await this.ended;
    return { exitStatus: code, exitedAt: toTimestamp(atMs) };
  }

  sandboxStatus({ sandboxId, verbose }: wire.SandboxStatusRequest): wire.SandboxStatusResponse {
    const state = this.named(sandboxId);
    const { sandbox } = state;
    return {
      sandboxId,
      pid: sandbox.vmmPid,
      state: state.kind === "ready" ? "SANDBOX_READY" : "SANDBOX_NOTREADY",
      info: verbose ? sandboxInfo(sandbox) : {},
      createdAt: "startedMs" in state ? toTimestamp(state.startedMs) : undefined,
      exitedAt: state.kind === "stopped" ? toTimestamp(state.end.atMs) : undefined,
      extra: undefined,
    };
  }

  /** Fails when the VM is gone or its agent does not answer. */
  pingSandbox({ sandboxId }: wire.PingRequest): wire.PingResponse {
    this.named(sandboxId).sandbox.requireAlive();
    return {};
  }

  async shutdownSandbox(
    { sandboxId }: wire.ShutdownSandboxRequest,
    context: CallContext,
  ): Promise<wire.ShutdownSandboxResponse> {
    context.onFinished(() => this.deps.shutdown());
    // containerd shuts a shim down too whose sandbox it could not create.
    if (this.state.kind !== "none") await this.deps.tasks.stopSandbox(this.named(sandboxId).sandbox);
    return {};
  }

  async sandboxMetrics({ sandboxId }: wire.SandboxMetricsRequest): Promise<wire.SandboxMetricsResponse> {
    const { toMetrics } = await import("./metrics.ts");
    const { sandbox } = this.named(sandboxId);
    const { clock, cgroupMode } = this.deps;
    const data = toMetrics(sandbox.hostStats, cgroupMode());
    return { metrics: { timestamp: toTimestamp(clock.wallMs()), id: sandboxId, data } };
  }

  private named(id: string): Exclude<State, { readonly kind: "none" }> {
    if (this.state.kind !== "none" && this.state.sandbox.id === id) return this.state;
    throw new KataError("not-found", `This shim has no sandbox ${JSON.stringify(id.slice(0, 128))}`, {
      field: "sandbox_id",
    });
  }

  private is(kind: State["kind"]): boolean {
    return this.state.kind === kind;
  }

  private end(sandbox: Sandbox): void {
    const atMs = this.deps.clock.wallMs();
    const end = { code: sandbox.failure === undefined ? 0 : LOST, atMs };
    const startedMs = this.state.kind === "ready" ? this.state.startedMs : atMs;
    this.state = { kind: "stopped", sandbox, startedMs, end };
    this.deps.logger.info("sandbox ended", { code: end.code });
    this.resolveEnded(end);
  }
}

/** What a verbose status tells. */
function sandboxInfo(sandbox: Sandbox): Record<string, string> {
  const { vmm, shareFs } = sandbox.pids;
  const { failure } = sandbox;
  return {
    agentUrl: sandbox.agentUrl,
    stateDirectory: sandbox.stateDir,
    vmmPid: String(vmm ?? 0),
    shareFsPid: String(shareFs ?? 0),
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}

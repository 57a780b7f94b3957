import type { CallOptions } from "../../base/cancel.ts";
import { sleep } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { QmpClient } from "../../wire/qmp/qmp-client.ts";
import type {
  AgentChannels,
  Device,
  GuestBlockAddress,
  Hypervisor,
  HypervisorFeatures,
  VmExit,
  VmSpec,
} from "../hypervisor.ts";
import type { ProcessEnd, SupervisedProcess } from "../process/supervised-process.ts";
import { OptionalOperations } from "../unsupported.ts";
import { vmExitError } from "../vm-exit.ts";
import type { Hotplug } from "./hotplug.ts";
import { type LaunchDeps, launchQemu, launchVsockDaemon, type RunningQemu } from "./launch.ts";
import { describeGuestEnd } from "./monitor.ts";
import type { PlanVm, VmPlan } from "./plan.ts";
import { qemuVersion } from "./version.ts";

type Phase =
  | { readonly kind: "new" }
  | { readonly kind: "created"; readonly plan: VmPlan }
  | { readonly kind: "launching"; readonly plan: VmPlan }
  | ({ readonly kind: "started"; readonly plan: VmPlan } & RunningQemu)
  /** Stopped before QEMU ran. */
  | { readonly kind: "stopped"; readonly plan: VmPlan };

const stage = "start-vmm";
const startTimeoutMs = 30_000;
/** When the monitor's connection breaks, QEMU's exit follows and tells why. */
const exitFollowsMs = 1000;
/** What QEMU said before its end is in the monitor's socket by then. */
const drainMs = 1000;

/** What the driver needs of its surroundings. */
export interface QemuDeps extends LaunchDeps {
  readonly planQemu: PlanVm;
}

/** QEMU as a driver: one object for one VM. */
export class QemuHypervisor extends OptionalOperations implements Hypervisor {
  readonly name = "qemu";
  readonly features: HypervisorFeatures;
  readonly exited: Promise<VmExit>;
  private readonly deps: QemuDeps;
  private readonly config: RuntimeConfig;
  private phase: Phase = { kind: "new" };
  private hotplug: Promise<Hotplug> | undefined;
  private vsockDaemon: SupervisedProcess | undefined;
  private resolveExited: (exit: VmExit) => void = () => {};

  constructor(deps: QemuDeps, config: RuntimeConfig) {
    super();
    this.deps = deps;
    this.config = config;
    const microvm = config.hypervisor.machineType === "microvm";
    this.features = {
      sharedFs: ["virtio-fs"],
      agentTransports: microvm ? ["vsock", "virtio-serial"] : ["vsock", "hybrid-vsock", "virtio-serial"],
      blockDrivers: microvm ? ["virtio-blk", "virtio-mmio"] : ["virtio-blk", "nvdimm"],
      hotplug: microvm ? [] : ["block", "network"],
      pause: true,
      snapshot: false,
      rateLimiter: false,
    };
    this.exited = new Promise((resolve) => {
      this.resolveExited = resolve;
    });
  }

  get pid(): number | undefined {
    return this.phase.kind === "started" ? this.phase.process.pid : undefined;
  }

  get channels(): AgentChannels {
    return this.plan.channels;
  }

  get commandLine(): readonly string[] {
    return this.plan.command.argv;
  }

  get consoleLogPath(): string {
    return `${this.plan.directory}/console.log`;
  }

  get vmmLogPath(): string {
    return `${this.plan.directory}/vmm.log`;
  }

  async createVm(spec: VmSpec): Promise<void> {
    if (this.phase.kind !== "new") throw new KataError("failed-precondition", "The VM has been created already");
    const plan = this.deps.planQemu(this.config, spec);
    for (const warning of plan.warnings) this.deps.logger.warn(warning);
    this.phase = { kind: "created", plan };
  }

  async startVm(options: CallOptions = {}): Promise<void> {
    const timed = { timeoutMs: startTimeoutMs, ...options };
    if (this.phase.kind !== "created") throw new KataError("failed-precondition", `Cannot start: ${this.phase.kind}`);
    const { plan } = this.phase;
    this.phase = { kind: "launching", plan };
    // Without a helper nothing is awaited before QEMU runs: callers rely on the pid.
    if (plan.daemon !== undefined) await this.startVsockDaemon(plan, timed);
    const running = this.launch(plan, timed);
    try {
      this.deps.sys.writeFile(`${plan.directory}/pid`, `${running.process.pid}\n`, 0o600);
      await this.untilReady(running);
    } catch (error) {
      await running.process.kill();
      throw error;
    }
  }

  async stopVm(options: { readonly graceMs?: number } = {}): Promise<VmExit | undefined> {
    const { phase } = this;
    if (phase.kind === "created" || phase.kind === "launching") this.phase = { kind: "stopped", plan: phase.plan };
    await this.vsockDaemonAfter(async () => {
      if (phase.kind !== "started") return;
      const { graceMs = 0 } = options;
      if (graceMs > 0) await this.powerDown(phase, graceMs);
      await phase.process.kill();
    });
    return phase.kind === "started" ? this.exited : undefined;
  }

  override async pauseVm(): Promise<void> {
    await (await this.client("pause")).execute("stop");
  }

  override async resumeVm(): Promise<void> {
    await (await this.client("resume")).execute("cont");
  }

  override async vcpuThreads(): Promise<readonly number[]> {
    const answer = await (await this.client("tell vCPU threads")).execute("query-cpus-fast");
    if (!Array.isArray(answer)) throw new KataError("internal", "QEMU's answer to query-cpus-fast is no list");
    return answer.map((cpu: { readonly "thread-id"?: unknown }) => Number(cpu["thread-id"]));
  }

  blockAddress(id: string): GuestBlockAddress {
    const disk = this.plan.command.disks.find((one) => one.id === id);
    if (disk === undefined) throw new KataError("not-found", `The VM has no block device ${id}`, { field: "id" });
    return disk.address;
  }

  override async hotplugAddDevice(device: Device): Promise<GuestBlockAddress | undefined> {
    if (device.kind === "share" || !this.features.hotplug.includes(device.kind)) return super.hotplugAddDevice(device);
    const client = await this.client("plug in a device");
    return (await this.plugs()).add(client, device);
  }

  override async hotplugRemoveDevice(id: string): Promise<void> {
    const client = await this.client("unplug a device");
    return (await this.plugs()).remove(client, id);
  }

  async version(): Promise<string> {
    if (this.phase.kind === "started") {
      const { greeting } = await this.client("tell the version");
      return `${greeting.version} ${greeting.package}`.trim();
    }
    return qemuVersion(this.deps, this.config.hypervisor.path);
  }

  private get plan(): VmPlan {
    if (this.phase.kind === "new") throw new KataError("failed-precondition", "The VM has not been created");
    return this.phase.plan;
  }

  private started(what: string) {
    if (this.phase.kind === "started") return this.phase;
    throw new KataError("failed-precondition", `Cannot ${what}: the VM has not been started`);
  }

  private client(what: string): Promise<QmpClient> {
    return this.started(what).monitor.client;
  }

  /** Most VMs keep the devices that they start with. */
  private plugs(): Promise<Hotplug> {
    this.hotplug ??= import("./hotplug.ts").then(
      ({ Hotplug }) =>
        new Hotplug(this.deps.sys, {
          ports: this.plan.command.hotplugPorts,
          aio: this.config.hypervisor.blockDeviceAio,
          vhostNet: this.plan.vhostNet,
        }),
    );
    return this.hotplug;
  }

  private launch(plan: VmPlan, options: CallOptions): RunningQemu {
    if (this.phase.kind !== "launching")
      throw new KataError("aborted", "The VM was stopped before it started", { stage });
    let running: RunningQemu;
    try {
      running = launchQemu(this.deps, plan, {
        ...options,
        consoleLevel: this.config.hypervisor.debug ? "info" : "debug",
      });
    } catch (error) {
      this.phase = { kind: "stopped", plan };
      throw KataError.wrap(error, "QEMU cannot be run", { stage, field: "hypervisor.qemu.path" });
    }
    this.phase = { kind: "started", plan, ...running };
    void this.watchExit(running);
    return running;
  }

  private async watchExit({ process, monitor }: RunningQemu): Promise<void> {
    const end = await process.exited;
    // The event that tells why may lie in the socket still.
    await Promise.race([monitor.ended, sleep(this.deps.loop, drainMs)]);
    const exit = toVmExit(end, monitor.guestEnd);
    const { status } = exit;
    this.deps.logger.info("vmm exited", {
      pid: process.pid,
      status: status.kind === "exited" ? `code ${status.code}` : `signal ${status.signal}`,
      ...(exit.guestEnd === undefined ? {} : { guest: exit.guestEnd }),
    });
    this.resolveExited(exit);
  }

  /** Waits for the monitor's answer; QEMU's end comes first where it is the reason. */
  private async untilReady({ monitor }: RunningQemu): Promise<void> {
    const failed = this.exited.then((exit) => {
      throw vmExitError("QEMU", exit, "before its monitor answered", { stage });
    });
    failed.catch(() => {});
    try {
      await Promise.race([monitor.client, failed]);
    } catch (error) {
      const lost = KataError.from(error).code === "unavailable";
      if (lost) await Promise.race([failed, sleep(this.deps.loop, exitFollowsMs)]);
      throw KataError.wrap(error, "QEMU's monitor did not answer", { stage });
    }
  }

  private async startVsockDaemon(plan: VmPlan, options: CallOptions): Promise<void> {
    if (plan.daemon === undefined) return;
    try {
      this.vsockDaemon = await launchVsockDaemon(this.deps, plan.daemon, options);
    } catch (error) {
      this.phase = { kind: "stopped", plan };
      throw KataError.wrap(error, "The vsock daemon did not start", { stage });
    }
  }

  private async powerDown({ monitor }: RunningQemu, graceMs: number): Promise<void> {
    try {
      const client = await monitor.client;
      await client.execute("system_powerdown", undefined, { timeoutMs: graceMs });
      await Promise.race([this.exited, sleep(this.deps.loop, graceMs)]);
    } catch (error) {
      this.deps.logger.debug("the guest cannot be asked to power off", { error: KataError.from(error) });
    }
  }

  /** Ends the vsock daemon when `work` is done, whatever becomes of it. */
  private async vsockDaemonAfter(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } finally {
      await this.vsockDaemon?.kill();
    }
  }
}

function toVmExit(end: ProcessEnd, guestEnd: RunningQemu["monitor"]["guestEnd"]): VmExit {
  return {
    status: end.status,
    stderrTail: end.stderrTail,
    consoleTail: end.stdoutTail,
    guestEnd: describeGuestEnd(guestEnd, end.stdoutTail),
  };
}

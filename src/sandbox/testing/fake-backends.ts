import type { CallOptions } from "../../base/cancel.ts";
import { sleep } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Asset } from "../../hypervisor/assets/asset.ts";
import type { AgentChannels, Device, Hypervisor, VmExit, VmSpec } from "../../hypervisor/hypervisor.ts";
import type { Hook } from "../../oci/spec.ts";
import type { PodNetns } from "../../resource/network/netns.ts";
import type { PodNetwork } from "../../resource/network/pod-network.ts";
import type { FakeSys } from "../../sys/fake.ts";
import type { Loop } from "../../sys/loop.ts";
import type { ExitStatus } from "../../sys/port/processes.ts";
import type { AgentConnection } from "../agent-api.ts";
import type { SandboxBackends, ShareFsDaemon } from "../backends.ts";
import type { HookPoint, HookState } from "../hooks.ts";
import { FakeGuest } from "./fake-guest.ts";
import { FakePodNetwork } from "./fake-pod-network.ts";

/** The programs behind a sandbox, as entries in a FakeSys's process table. */
export class FakeBackends implements SandboxBackends {
  readonly guest: FakeGuest;
  readonly network: FakePodNetwork;
  /** What is plugged into the running VM, or why nothing can be. */
  readonly plugged: Device[] = [];
  plugFailure: KataError | undefined;
  hotplug: Hypervisor["features"]["hotplug"] = ["network"];
  /** What the VM was to be; undefined before createVm. */
  vmSpec: VmSpec | undefined;
  vmPid: number | undefined;
  shareFsPid: number | undefined;
  /** Files whose hashes were looked at: kind, path, hash; and what is wrong with them. */
  readonly verified: string[] = [];
  assetFailure: KataError | undefined;
  /** The agent answers only after this. */
  bootMs = 1000;
  startFailure: KataError | undefined;
  consoleTail: readonly string[] = [];
  stderrTail: readonly string[] = [];
  stopped = 0;
  /** Hooks that ran: point, program, container, its status, pid. */
  readonly hooks: string[] = [];
  failingHook = "";
  /** How long each hook takes. */
  hookMs = 0;
  private readonly sys: FakeSys;
  private readonly loop: Loop;

  constructor(sys: FakeSys, loop: Loop) {
    this.sys = sys;
    this.loop = loop;
    this.guest = new FakeGuest(loop);
    this.network = new FakePodNetwork(sys);
  }

  async verifyAsset({ type, path, sha512 }: Asset): Promise<void> {
    this.verified.push(`${type} ${path} ${sha512}`);
    if (this.assetFailure !== undefined) throw this.assetFailure;
  }

  createHypervisor(): Hypervisor {
    return new FakeHypervisor(this, this.sys, this.loop) as unknown as Hypervisor;
  }

  async startShareFs(_config: RuntimeConfig, { vmDir }: { readonly vmDir: string }): Promise<ShareFsDaemon> {
    const { sys, loop } = this;
    sys.writeFile(`${vmDir}/virtiofsd.sock`, "");
    const pid = sys.spawn({ path: "/bin/virtiofsd", argv: ["virtiofsd"], env: [] });
    this.shareFsPid = pid;
    const status = loop.exited(pid);
    return {
      pid,
      socketPath: `${vmDir}/virtiofsd.sock`,
      exited: status.then((how) => ({ status: how, stderrTail: ["virtiofsd says goodbye"] })),
      stop: async () => {
        this.kill(pid);
        await status;
      },
    };
  }

  async openPodNetwork(netns: PodNetns): Promise<PodNetwork | undefined> {
    return netns.kind === "host" ? undefined : this.network.use(netns);
  }

  async runHooks(point: HookPoint, hooks: readonly Hook[], state: HookState): Promise<void> {
    for (const { path } of hooks) {
      if (this.hookMs > 0) await sleep(this.loop, this.hookMs);
      this.hooks.push(`${point} ${path} ${state.id} ${state.status} ${state.pid}`);
      if (path === this.failingHook) throw new KataError("aborted", `The hook ${path} failed`);
    }
  }

  async dialAgent(_channels: AgentChannels, { signal }: Required<CallOptions>): Promise<AgentConnection> {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      this.loop.setTimer(this.bootMs, resolve);
    });
    return this.guest.dial();
  }

  /** The VMM ends by itself, and the guest with it. */
  killVm(status: ExitStatus = { kind: "signaled", signal: 9 }): void {
    this.guest.die();
    if (this.vmPid !== undefined) this.sys.fake.processes.exit(this.vmPid, status);
  }

  killShareFs(): void {
    if (this.shareFsPid !== undefined) this.kill(this.shareFsPid);
  }

  kill(pid: number): void {
    if (this.sys.fake.processes.table.get(pid)?.status === undefined) {
      this.sys.fake.processes.exit(pid, { kind: "signaled", signal: 9 });
    }
  }
}

class FakeHypervisor {
  readonly name = "fake";
  readonly channels = { agent: { kind: "port", path: "/agent.sock" }, log: undefined, debugConsole: undefined };
  pid: number | undefined;
  exited: Promise<VmExit> = new Promise(() => {});
  private readonly backends: FakeBackends;
  private readonly sys: FakeSys;
  private readonly loop: Loop;
  private gone: VmExit | undefined;

  constructor(backends: FakeBackends, sys: FakeSys, loop: Loop) {
    this.backends = backends;
    this.sys = sys;
    this.loop = loop;
  }

  get features() {
    return { hotplug: this.backends.hotplug };
  }

  async hotplugAddDevice(device: Device): Promise<undefined> {
    if (this.backends.plugFailure !== undefined) throw this.backends.plugFailure;
    this.backends.plugged.push(device);
  }

  async createVm(spec: VmSpec): Promise<void> {
    this.backends.vmSpec = spec;
  }

  async startVm(): Promise<void> {
    const { backends, sys } = this;
    if (backends.startFailure !== undefined) throw backends.startFailure;
    for (const name of ["console.log", "vmm.log"]) sys.writeFile(`${backends.vmSpec?.directory}/${name}`, `${name}\n`);
    this.pid = sys.spawn({ path: "/bin/vmm", argv: ["vmm"], env: [] });
    backends.vmPid = this.pid;
    this.exited = this.loop.exited(this.pid).then((status) => {
      const { stderrTail, consoleTail } = backends;
      this.gone = { status, stderrTail, consoleTail, guestEnd: undefined };
      return this.gone;
    });
  }

  async stopVm(): Promise<VmExit | undefined> {
    this.backends.stopped++;
    if (this.pid === undefined) return undefined;
    if (this.gone === undefined) {
      this.backends.guest.die();
      this.backends.kill(this.pid);
    }
    return this.exited;
  }
}

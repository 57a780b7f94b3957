import { CancelSource } from "../base/cancel.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Failpoints } from "../base/failpoint.ts";
import type { Logger } from "../base/logger.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { Device, Hypervisor } from "../hypervisor/hypervisor.ts";
import { placeInCgroup } from "../resource/cgroup.ts";
import type { PodNetns } from "../resource/network/netns.ts";
import { shareTag } from "../resource/paths.ts";
import type { VmSize } from "../resource/sizing.ts";
import type { UndoStack } from "../resource/undo-stack.ts";
import { processStartTicks } from "../sys/proc.ts";
import type { Sys } from "../sys/sys.ts";
import type { AgentConnection } from "./agent-api.ts";
import type { SandboxBackends, ShareFsDaemon } from "./backends.ts";
import { deadlines } from "./deadlines.ts";
import { createSandboxRequest, type GuestSandbox } from "./guest-requests.ts";
import { SandboxNetwork } from "./sandbox-network.ts";
import { shareFsExitError } from "./share-fs-exit.ts";
import { inStage } from "./stages.ts";
import { vmLossError } from "./vm-loss.ts";

/** How long the news of a VMM's end may take behind what it broke: the share-fs daemon, the agent's connection. */
const VMM_END_MS = 1000;

/** How many interfaces can come after the VM's start: one for each network of a Docker container. */
const LATE_CARDS = 4;

/** What starting a VM needs. */
export interface BootDeps {
  readonly sys: Sys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly undo: UndoStack;
  readonly backends: SandboxBackends;
  readonly failpoints: Failpoints;
}

export interface BootOptions {
  readonly config: RuntimeConfig;
  readonly guest: GuestSandbox;
  readonly size: VmSize;
  readonly netns: PodNetns;
  readonly cgroupsPath: string;
  readonly vmDir: string;
  /** What the share-fs daemon serves. */
  readonly servedDirectory: string;
}

/** A VM whose processes run; the guest may still be booting. */
export interface StartedVm {
  readonly vm: Hypervisor;
  /** Absent when the guest gets no share. */
  readonly shareFs: ShareFsDaemon | undefined;
}

/** A VMM that was launched; `ready` settles when its control channel answers or it is gone. */
export interface LaunchedVm extends StartedVm {
  readonly network: SandboxNetwork;
  readonly ready: Promise<void>;
}

/**
 * Joins the pod's network, starts the share-fs daemon and the VMM. Resolves when both processes run, which is long before the
 * guest answers. `progress` is told of each as it comes, so that a failure later finds what there is to stop.
 */
export async function startVm(
  deps: BootDeps,
  options: BootOptions,
  progress: (started: Partial<StartedVm>) => void,
): Promise<LaunchedVm> {
  const vm = deps.backends.createHypervisor(options.config, deps.logger);
  // The daemon needs a moment to come up, in which the interfaces are joined. Neither is left alone when the other fails.
  const [daemon, joined] = await Promise.allSettled([
    inStage("share-rootfs", () => startShareFs(deps, options, progress)),
    inStage("join-network", () => joinNetwork(deps, options)),
  ]);
  if (joined.status === "rejected") throw daemon.status === "rejected" ? daemon.reason : joined.reason;
  const { network, cards } = joined.value;
  let ready: Promise<void> | undefined;
  try {
    if (daemon.status === "rejected") throw daemon.reason;
    const shareFs = daemon.value;
    await inStage("join-network", () => deps.failpoints.hit("network-joined"));
    return await inStage("start-vmm", async () => {
      await vm.createVm({
        sandboxId: options.guest.id,
        directory: options.vmDir,
        ...options.size,
        kernelParams: [],
        netns: network.netns,
        devices: [...shareDevices(options, shareFs), ...cards],
        // An empty network may be set up later.
        hotplugPorts: network.isEmpty ? LATE_CARDS : 0,
      });
      await deps.failpoints.hit("vmm-before-start");
      progress({ vm });
      ready = vm.startVm();
      // Whoever awaits `ready` gets the error; until then it must not count as unhandled.
      ready.catch(() => {});
      if (vm.pid === undefined) await ready;
      if (vm.pid !== undefined) registerKill(deps, vm.pid, "VMM");
      deps.logger.info("vmm started", { pid: vm.pid });
      await deps.failpoints.hit("vmm-started");
      return { vm, shareFs, network, ready };
    });
  } finally {
    const handOver = () => network.handOver(vm.pid);
    if (ready === undefined) handOver();
    else ready.then(handOver, handOver);
  }
}

/** The pod's network and the cards that the VM is to start with. A failure leaves nothing open. */
async function joinNetwork(deps: BootDeps, options: BootOptions) {
  const { sys, clock, logger, backends, undo } = deps;
  const { config, netns, size } = options;
  const { internetworkingModel, disableNewNetns } = config.runtime;
  const wanted = disableNewNetns ? { kind: "host" as const } : netns;
  const pod = await backends.openPodNetwork(wanted, { model: internetworkingModel, undo });
  const network = new SandboxNetwork({ sys, clock, logger, pod }, { vcpus: size.vcpus });
  try {
    return { network, cards: await network.cardsForStart() };
  } catch (error) {
    network.handOver(undefined);
    throw error;
  }
}

async function startShareFs(
  deps: BootDeps,
  { config, servedDirectory, vmDir }: BootOptions,
  progress: (started: Partial<StartedVm>) => void,
): Promise<ShareFsDaemon | undefined> {
  if (config.hypervisor.sharedFs !== "virtio-fs") return undefined;
  const { backends, failpoints, logger } = deps;
  await failpoints.hit("share-fs-before-start");
  const daemon = await backends.startShareFs(config, { directory: servedDirectory, vmDir }, logger);
  progress({ shareFs: daemon });
  registerKill(deps, daemon.pid, "share-fs daemon");
  await failpoints.hit("share-fs-started");
  return daemon;
}

function shareDevices({ config }: BootOptions, shareFs: ShareFsDaemon | undefined): Device[] {
  if (shareFs === undefined) return [];
  const { socketPath } = shareFs;
  return [{ kind: "share", tag: shareTag, socketPath, queueSize: config.hypervisor.virtioFsQueueSize }];
}

/** A guest that is ready for containers. */
export interface BootedGuest {
  readonly connection: AgentConnection;
  /** The agent serves concurrent stream calls of a process in the order they came. */
  readonly orderedStreams: boolean;
  readonly supportsSeccomp: boolean;
}

/** Waits for the agent and prepares the guest. The end of the VMM or of the share-fs daemon fails it at once. */
export async function bootGuest(deps: BootDeps, options: BootOptions, started: LaunchedVm): Promise<BootedGuest> {
  const { vm, shareFs } = started;
  const dial = new CancelSource();
  const cgroup = { id: options.guest.id, cgroupsPath: options.cgroupsPath };
  let connection: AgentConnection | undefined;
  const work = async () => {
    const pids = [vm.pid, shareFs?.pid].filter((pid) => pid !== undefined);
    placeInCgroup(deps, cgroup, pids);
    const timeoutMs = options.config.agent.dialTimeoutSeconds * 1000;
    const dialled = deps.backends.dialAgent(vm.channels, { timeoutMs, signal: dial.signal }, deps.logger);
    // The control channel and the agent come up independently; either failure ends the start.
    dialled.catch(() => {});
    await inStage("start-vmm", () => started.ready);
    const dialledConnection = await inStage("boot-guest", () => dialled);
    connection = dialledConnection;
    deps.logger.info("agent answered");
    await deps.failpoints.hit("agent-connected");
    const guest = await inStage("prepare-sandbox", () =>
      prepareGuest(deps, options, started.network, dialledConnection),
    );
    await deps.failpoints.hit("guest-prepared");
    return guest;
  };
  const vmmGone = inStage("boot-guest", async () => {
    const exit = await vm.exited;
    throw vmLossError({ sys: deps.sys, sandbox: cgroup }, vm.name, exit, "while the guest was booting");
  });
  const shareFsGone = inStage("share-rootfs", async () => {
    if (shareFs === undefined) return new Promise<never>(() => {});
    const exit = await shareFs.exited;
    // An orderly end follows the VMM's, which tells the reason.
    const orderly = exit.status.kind === "exited" && exit.status.code === 0;
    if (orderly) await Promise.race([vmmGone, sleep(deps.clock, VMM_END_MS)]);
    throw shareFsExitError(exit, "while the guest was booting");
  });
  // Once the race is decided nobody looks at the losers.
  for (const loser of [vmmGone, shareFsGone]) loser.catch(() => {});
  const explained = work().catch(async (error: unknown) => {
    // A VMM's end shows in its connections first.
    if (KataError.from(error).code === "unavailable") await Promise.race([vmmGone, sleep(deps.clock, VMM_END_MS)]);
    throw error;
  });
  try {
    return await Promise.race([explained, vmmGone, shareFsGone]);
  } catch (error) {
    dial.cancel(error);
    connection?.close(error);
    throw error;
  }
}

async function prepareGuest(
  deps: BootDeps,
  options: BootOptions,
  network: SandboxNetwork,
  connection: AgentConnection,
): Promise<BootedGuest> {
  const { agent } = connection;
  const created = agent.createSandbox(createSandboxRequest(options.guest), { timeoutMs: deadlines.createSandbox });
  const described = agent
    .getGuestDetails({ memBlockSize: false, memHotplugProbe: false }, { timeoutMs: deadlines.guestDetails })
    .catch((error: unknown) => {
      // An agent that does not describe itself is taken to do the ordinary things.
      deps.logger.warn("the agent does not tell its details", { error: KataError.from(error) });
      return undefined;
    });
  await Promise.all([created, inStage("join-network", () => network.configure(agent))]);
  const details = (await described)?.agentDetails;
  deps.logger.debug("guest prepared", { agent: details?.version });
  return {
    connection,
    orderedStreams: details?.extraFeatures.includes("ordered-streams") ?? false,
    supportsSeccomp: details?.supportsSeccomp ?? true,
  };
}

/** A pid alone may belong to somebody else later: the undo carries the process's start time. */
function registerKill({ sys, undo }: BootDeps, pid: number, what: string): void {
  const startTicks = processStartTicks(sys, pid);
  if (startTicks !== undefined) undo.push({ kind: "kill", pid, startTicks, what });
}

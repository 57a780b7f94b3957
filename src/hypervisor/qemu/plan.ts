import { KataError } from "../../base/error.ts";
import { mergeParams } from "../../config/kernel-params/merge.ts";
import { parseParams, printParams } from "../../config/kernel-params/param.ts";
import { minimumMemoryMib } from "../../config/minimum-memory.ts";
import type { HypervisorConfig, RuntimeConfig } from "../../config/runtime-config.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { SystemPort } from "../../sys/port/system.ts";
import { type AcceleratorSys, chooseAccelerator, cpuInfo } from "../accelerator.ts";
import type { AgentChannels, ChannelAddress, VmSpec } from "../hypervisor.ts";
import { agentParams, agentPorts } from "./agent-params.ts";
import { type QemuCommand, toArgv } from "./argv.ts";
import { usesVhostNet } from "./devices/network.ts";
import { checkFiles, kernelFirmware } from "./files.ts";
import type { MachineTransport, PlacedDevice } from "./machine.ts";
import { chooseTransport, type TransportChoice } from "./transport.ts";

/** A helper that has to run before QEMU: it owns the vhost-user socket that QEMU connects to. */
export interface VsockDaemon {
  readonly path: string;
  readonly argv: readonly string[];
  readonly socketPath: string;
}

/** Everything that a start does, decided beforehand: plain data. */
export interface VmPlan {
  readonly command: QemuCommand;
  readonly channels: AgentChannels;
  /** Unix sockets to listen on, for QEMU's descriptors from 4 on. */
  readonly listenPaths: readonly string[];
  /** Descriptors of the caller that follow them. */
  readonly passedFds: readonly number[];
  readonly daemon: VsockDaemon | undefined;
  readonly netns: string | undefined;
  readonly directory: string;
  /** The host's kernel moves packets between taps and guest. */
  readonly vhostNet: boolean;
  /** For the user. */
  readonly warnings: readonly string[];
}

/** What a VM is planned by. */
export type PlannedConfig = Pick<RuntimeConfig, "hypervisor" | "agent">;

/** What planning needs to see of the host. */
export type PlanSys = AcceleratorSys & Pick<FilesPort, "stat" | "exists"> & Pick<SystemPort, "random">;

/** `planVm` for the host, wherever it runs. */
export type PlanVm = (config: PlannedConfig, spec: VmSpec) => VmPlan;

/** QEMU's descriptor for its monitor; the ones of the channels follow. */
const qmpFd = 3;
const guestCid = 3;

/**
 * Checks what is asked for against the machine, and decides everything. Throws KataError that names the key or field, the
 * value and the remedy. Starts and creates nothing.
 */
export function planVm(sys: PlanSys, config: PlannedConfig, spec: VmSpec): VmPlan {
  const { hypervisor, agent } = config;
  checkFiles(sys, hypervisor);
  checkMemory(hypervisor, spec.memoryMib);
  const { accelerator, warning } = chooseAccelerator(sys, hypervisor.accelerator);
  const transport = chooseTransport(sys, agent.transport);
  const channels = agentChannels(sys, transport, agent.debugConsole, spec.directory);
  const listenPaths = channels.ports.map(({ path }) => path);
  const firstDeviceFd = qmpFd + 1 + listenPaths.length;
  const { devices, passedFds } = placeDescriptors(spec, firstDeviceFd);
  const vhostNet = usesVhostNet(sys, hypervisor);
  const command = toArgv({
    name: spec.sandboxId,
    config: hypervisor,
    accelerator,
    vcpus: spec.vcpus,
    memoryMib: spec.memoryMib,
    imageBytes: hypervisor.boot.kind === "image" ? sys.stat(hypervisor.boot.path).size : 0,
    firmware: kernelFirmware(sys, hypervisor),
    qmpFd,
    transport: channels.transport,
    devices,
    hotplugPorts: Math.max(hypervisor.pcieRootPorts, spec.hotplugPorts ?? 0),
    vhostNet,
    agentParams: agentParams(agent, transport.kind),
    kernelParams: printParams(mergeParams(parseParams(hypervisor.kernelParams), parseParams(spec.kernelParams))),
    tscKhz: hypervisor.machineType === "microvm" && accelerator === "tcg" ? tscKhz(sys) : undefined,
  });
  return {
    command,
    channels: channels.addresses,
    listenPaths,
    passedFds,
    daemon: channels.daemon,
    netns: spec.netns,
    directory: spec.directory,
    vhostNet,
    warnings: warning === undefined ? [] : [warning],
  };
}

function checkMemory({ defaultMaxMemoryMib }: HypervisorConfig, memoryMib: number): void {
  if (memoryMib < minimumMemoryMib) {
    throw new KataError(
      "invalid-argument",
      `${memoryMib} MiB of memory are too little for a guest: the minimum is ${minimumMemoryMib} MiB`,
      { field: "hypervisor.qemu.default_memory", hint: "Raise default_memory or the container's memory limit" },
    );
  }
  if (memoryMib > defaultMaxMemoryMib) {
    throw new KataError(
      "out-of-range",
      `${memoryMib} MiB of memory are more than a VM may have: the maximum is ${defaultMaxMemoryMib} MiB`,
      {
        field: "hypervisor.qemu.default_maxmemory",
        hint: "Lower the memory limit, or set default_maxmemory if the host can hold more",
      },
    );
  }
}

interface PlannedChannels {
  readonly addresses: AgentChannels;
  readonly transport: MachineTransport;
  /** Sockets behind virtio-serial ports. */
  readonly ports: readonly { readonly path: string }[];
  readonly daemon: VsockDaemon | undefined;
}

function agentChannels(
  sys: Pick<SystemPort, "random">,
  choice: TransportChoice,
  debugConsole: boolean,
  directory: string,
): PlannedChannels {
  const all = (address: (channel: keyof typeof agentPorts) => ChannelAddress): AgentChannels => ({
    agent: address("agent"),
    log: address("log"),
    debugConsole: debugConsole ? address("debugConsole") : undefined,
  });
  switch (choice.kind) {
    case "virtio-serial": {
      const paths = {
        agent: `${directory}/agent.sock`,
        log: `${directory}/log.sock`,
        debugConsole: `${directory}/debug.sock`,
      };
      const names = [
        { path: paths.agent, name: "agent.channel.0" },
        { path: paths.log, name: "agent.log.0" },
        ...(debugConsole ? [{ path: paths.debugConsole, name: "agent.debug.0" }] : []),
      ];
      const ports = names.map(({ path, name }, index) => ({
        path,
        name,
        chardev: `port${index}`,
        fd: qmpFd + 1 + index,
      }));
      return {
        addresses: all((channel) => ({ kind: "port", path: paths[channel] })),
        transport: { kind: "virtio-serial", ports },
        ports,
        daemon: undefined,
      };
    }
    case "vsock": {
      const cid = randomCid(sys);
      return {
        addresses: all((channel) => ({ kind: "vsock", cid, port: agentPorts[channel] })),
        transport: { kind: "vsock", cid },
        ports: [],
        daemon: undefined,
      };
    }
    case "hybrid-vsock": {
      const path = `${directory}/vsock.sock`;
      const socketPath = `${directory}/vhost-vsock.sock`;
      const daemon = choice.daemon ?? "";
      const device = `guest-cid=${guestCid},socket=${socketPath},uds-path=${path}`;
      return {
        addresses: all((channel) => ({ kind: "hybrid-vsock", path, port: agentPorts[channel] })),
        transport: { kind: "hybrid-vsock", socketPath },
        ports: [],
        daemon: { path: daemon, argv: [daemon, "--vm", device], socketPath },
      };
    }
    default:
      return choice.kind satisfies never;
  }
}

/** A context id that nobody else has, with all but certainty: the host's kernel refuses one that is in use. */
function randomCid(sys: Pick<SystemPort, "random">): number {
  const [a = 0, b = 0, c = 0, d = 0] = sys.random(4);
  const value = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  // 0 to 2 and the last one are reserved (vsock(7)).
  return 3 + (value % (0xffff_ffff - 3));
}

/** Descriptors of network devices, in QEMU's numbers. */
function placeDescriptors(
  spec: VmSpec,
  firstFd: number,
): { readonly devices: readonly PlacedDevice[]; readonly passedFds: readonly number[] } {
  const passedFds: number[] = [];
  const devices = spec.devices.map((device): PlacedDevice => {
    if (device.kind !== "network") return device;
    const fds = device.tapDescriptors.map((_, index) => firstFd + passedFds.length + index);
    passedFds.push(...device.tapDescriptors);
    return { ...device, fds };
  });
  return { devices, passedFds };
}

function tscKhz(sys: AcceleratorSys): number | undefined {
  const mhz = Number(/^cpu MHz\s*: ([\d.]+)/m.exec(cpuInfo(sys))?.[1]);
  return mhz > 0 ? Math.round(mhz * 1000) : undefined;
}

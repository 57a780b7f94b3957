import type { CallOptions } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import type { ExitStatus } from "../sys/port/processes.ts";

/**
 * What a VMM can do, as data. Callers branch on these, never on the driver's name.
 */
export interface HypervisorFeatures {
  readonly sharedFs: readonly ("virtio-fs" | "virtio-9p")[];
  readonly agentTransports: readonly ("vsock" | "hybrid-vsock" | "virtio-serial")[];
  readonly blockDrivers: readonly ("virtio-blk" | "virtio-scsi" | "virtio-mmio" | "nvdimm")[];
  readonly hotplug: readonly ("block" | "network" | "cpu" | "memory" | "vfio")[];
  readonly pause: boolean;
  readonly snapshot: boolean;
  readonly rateLimiter: boolean;
}

/** Where one of the agent's channels is reached on the host. */
export type ChannelAddress =
  /** A unix socket that is the channel itself: QEMU's chardev behind a virtio-serial port. */
  | { readonly kind: "port"; readonly path: string }
  | { readonly kind: "hybrid-vsock"; readonly path: string; readonly port: number }
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number };

/** The agent's channels: ttrpc, log stream, debug console. */
export interface AgentChannels {
  readonly agent: ChannelAddress;
  readonly log: ChannelAddress | undefined;
  readonly debugConsole: ChannelAddress | undefined;
}

/** Something attached to the VM before it starts. */
export type Device =
  | {
      readonly kind: "share";
      readonly tag: string;
      /** vhost-user socket of the share-fs daemon, which accepts connections when the VM starts. */
      readonly socketPath: string;
      readonly queueSize: number;
    }
  | {
      readonly kind: "block";
      readonly id: string;
      readonly path: string;
      readonly readOnly: boolean;
      readonly format: "raw";
    }
  | {
      readonly kind: "network";
      readonly id: string;
      readonly tapDescriptors: readonly number[];
      readonly mac: string;
      readonly queues: number;
    };

/** How the guest will see an attached block device: what goes into a Storage message. */
export interface GuestBlockAddress {
  readonly driver: "blk" | "mmioblk" | "scsi" | "nvdimm";
  /** Guest PCI path, `/dev/vdX`, SCSI address or `/dev/pmemN`, as the driver demands. */
  readonly source: string;
}

/** What the VM is to be. */
export interface VmSpec {
  readonly sandboxId: string;
  /** An existing directory of mode 0700 for sockets, pid file and console log; the caller removes it. */
  readonly directory: string;
  readonly vcpus: number;
  readonly maxVcpus: number;
  readonly memoryMib: number;
  readonly maxMemoryMib: number;
  /** Kernel parameters for the agent and from the configuration, appended to the driver's own. */
  readonly kernelParams: readonly string[];
  /** Network namespace to run in; undefined: the caller's. */
  readonly netns: string | undefined;
  readonly devices: readonly Device[];
  /** How many devices can be plugged in later, at least; drivers without hot-plug ignore it. Default 0. */
  readonly hotplugPorts?: number;
}

/** How and why a VMM ended. */
export interface VmExit {
  readonly status: ExitStatus;
  /** The VMM's own words: the last lines of its stderr. */
  readonly stderrTail: readonly string[];
  /** The last lines of the guest console. They are the guest's: printable, but not to be believed. */
  readonly consoleTail: readonly string[];
  /**
   * How the guest ended the VM, as the rest of a sentence: `the guest's kernel panicked: ...`. Undefined when the guest did
   * not do it, or nobody knows.
   */
  readonly guestEnd?: string | undefined;
}

/** Start and end of a VM. */
export interface VmLifecycle {
  /** Checks the configuration and writes down what will be run; no process yet. Once, first. */
  createVm(spec: VmSpec): Promise<void>;
  /**
   * Starts the VMM; resolves when its control channel answers. A VMM that dies rejects at once with its words. The process
   * exists, and `pid` is set, when the call returns its promise, unless a helper process has to be started before.
   * Descriptors given with devices are used by then and remain the caller's.
   */
  startVm(options?: CallOptions): Promise<void>;
  /** Asks the guest to power off when `graceMs` > 0, then kills; resolves when the process is gone. May be called at any time. */
  stopVm(options?: { readonly graceMs?: number }): Promise<VmExit | undefined>;
  pauseVm(): Promise<void>;
  resumeVm(): Promise<void>;
  saveVm(): Promise<void>;
}

/** Devices of a running VM. */
export interface VmDevices {
  /** Guest address of a block device given in VmSpec or hot-plugged. */
  blockAddress(id: string): GuestBlockAddress;
  /**
   * Resolves with the guest address of a block device, when the guest has been told of it. The guest's driver comes a moment
   * later. Descriptors of a network device remain the caller's, who may close them then.
   */
  hotplugAddDevice(device: Device): Promise<GuestBlockAddress | undefined>;
  hotplugRemoveDevice(id: string): Promise<void>;
}

/** CPU and memory of a running VM. */
export interface VmSizing {
  resizeVcpus(count: number): Promise<number>;
  resizeMemory(mib: number): Promise<number>;
  /** Thread ids of the vCPUs. */
  vcpuThreads(): Promise<readonly number[]>;
}

/** What a VM tells about itself. */
export interface VmInspection {
  readonly name: string;
  readonly features: HypervisorFeatures;
  /** The VMM's process, from startVm on. */
  readonly pid: number | undefined;
  /** Settles once, when the VMM is gone for whatever reason. Valid from startVm on. */
  readonly exited: Promise<VmExit>;
  readonly channels: AgentChannels;
  readonly consoleLogPath: string;
  readonly vmmLogPath: string;
  /** The exact command line, for `inspect` and logs. */
  readonly commandLine: readonly string[];
  version(): Promise<string>;
}

/** A driver: one object for one VM. */
export interface Hypervisor extends VmLifecycle, VmDevices, VmSizing, VmInspection {}

/** The error of an operation that a VMM lacks. */
export function unsupported(hypervisor: string, operation: string): KataError {
  return new KataError("unimplemented", `Hypervisor ${hypervisor} does not support ${operation}`);
}

import type { AgentTransport, HypervisorConfig } from "../../config/runtime-config.ts";
import type { Accelerator } from "../accelerator.ts";
import type { Device } from "../hypervisor.ts";

/** A virtio-serial port, and the socket of the host behind it. */
export interface SerialPortSpec {
  /** Its name in the guest. */
  readonly name: string;
  readonly chardev: string;
  /** Descriptor, in QEMU's numbers, of a listening unix socket. */
  readonly fd: number;
}

/** How the agent is reached, with what QEMU needs for it. */
export type MachineTransport =
  | { readonly kind: Extract<AgentTransport, "virtio-serial">; readonly ports: readonly SerialPortSpec[] }
  | { readonly kind: Extract<AgentTransport, "vsock">; readonly cid: number }
  /** `socketPath`: vhost-user socket of vhost-device-vsock. */
  | { readonly kind: Extract<AgentTransport, "hybrid-vsock">; readonly socketPath: string };

/** A network device, with its taps' descriptors in QEMU's numbers. */
export type PlacedDevice =
  | Exclude<Device, { kind: "network" }>
  | (Extract<Device, { kind: "network" }> & { fds: readonly number[] });

/** Everything that decides QEMU's command line: the pure input of `toArgv`. */
export interface QemuMachine {
  readonly name: string;
  readonly config: Pick<
    HypervisorConfig,
    | "path"
    | "kernelPath"
    | "boot"
    | "machineType"
    | "machineAccelerators"
    | "cpuFeatures"
    | "entropySource"
    | "seccompSandbox"
    | "blockDeviceAio"
    | "debug"
  >;
  readonly accelerator: Accelerator;
  readonly vcpus: number;
  readonly memoryMib: number;
  /** Size of the root image in bytes; 0 without one. */
  readonly imageBytes: number;
  /** Firmware file; undefined: QEMU's default. */
  readonly firmware: string | undefined;
  /** Descriptor, in QEMU's numbers, of a connected unix socket. */
  readonly qmpFd: number;
  readonly transport: MachineTransport;
  readonly devices: readonly PlacedDevice[];
  /** PCIe ports for devices that come later. */
  readonly hotplugPorts: number;
  /** Whether the host's kernel can move packets between taps and guest. */
  readonly vhostNet: boolean;
  /** Kernel parameters that tell the agent what the configuration wants of it. */
  readonly agentParams: readonly string[];
  /** The user's kernel parameters, one word each; they replace the driver's own. */
  readonly kernelParams: readonly string[];
  /** Frequency of the host's time stamp counter; for machines without a timer to measure it by. */
  readonly tscKhz: number | undefined;
}

import type { Asset } from "./annotations/asset-hash.ts";
import type { Values } from "./effective.ts";
import type { HypervisorType } from "./hypervisor-type.ts";
import type { VerityParams } from "./kernel-params/verity.ts";

/**
 * The effective configuration of a sandbox: what configuration.toml, its drop-ins and the pod's annotations add up
 * to, validated and complete, so that nobody downstream knows a default.
 */
export interface RuntimeConfig {
  readonly hypervisor: HypervisorConfig;
  readonly agent: AgentConfig;
  readonly runtime: RuntimeOptions;
  /** Expected SHA-512 of files that the VM is made from, as the pod's annotations have it. */
  readonly assetHashes: readonly AssetHash[];
  /** The main file that it was read from. */
  readonly source: string | undefined;
  /** Problems that do not stop a start, such as unknown keys. */
  readonly warnings: readonly string[];
}

/** A file that must have the hash. */
export interface AssetHash {
  readonly asset: Asset;
  /** 128 hexadecimal digits in lower case. */
  readonly sha512: string;
}

/** How the guest's CPU is run. `auto`: KVM when it is usable, else TCG with a warning. */
export type Accelerator = "auto" | "kvm" | "tcg";
/** How the shim reaches the agent. `auto` picks the first that works: vhost-vsock, hybrid vsock, virtio-serial. */
export type AgentTransport = "auto" | "vsock" | "hybrid-vsock" | "virtio-serial";

/** `[hypervisor.NAME]`. */
export interface HypervisorConfig {
  /** Which driver: the NAME of the table. */
  readonly name: HypervisorType;
  /** The VMM's executable. */
  readonly path: string;
  readonly kernelPath: string;
  /** What the guest boots into: exactly one of the two. */
  readonly boot:
    | { readonly kind: "initrd"; readonly path: string }
    | {
        readonly kind: "image";
        readonly path: string;
        readonly fsType: "ext4" | "xfs" | "erofs";
        /** A disk, or persistent memory that the guest maps. */
        readonly driver: "virtio-blk" | "nvdimm";
        /** How the guest checks the image; undefined: it does not. */
        readonly verity: VerityParams | undefined;
      };
  readonly machineType: string;
  readonly machineAccelerators: string;
  readonly accelerator: Accelerator;
  readonly cpuFeatures: string;
  /** Extra kernel parameters, already split. */
  readonly kernelParams: readonly string[];
  /** Boot vCPUs; may be a fraction. */
  readonly defaultVcpus: number;
  readonly defaultMaxVcpus: number;
  readonly defaultMemoryMib: number;
  readonly defaultMaxMemoryMib: number;
  readonly memorySlots: number;
  readonly sharedFs: Values["hypervisor"]["shared_fs"];
  /** Empty: the first one that is found installed. */
  readonly virtioFsDaemonPath: string;
  readonly virtioFsExtraArgs: readonly string[];
  readonly virtioFsCache: "never" | "auto" | "always" | "metadata";
  /** DAX window; 0: no DAX. */
  readonly virtioFsCacheSizeMib: number;
  readonly virtioFsQueueSize: number;
  readonly blockDeviceDriver: Values["hypervisor"]["block_device_driver"];
  readonly blockDeviceAio: "threads" | "native" | "io_uring";
  /** QEMU moves packets itself, even if the host's kernel could. */
  readonly disableVhostNet: boolean;
  /** PCIe ports for devices that are added to a running VM. */
  readonly pcieRootPorts: number;
  readonly entropySource: string;
  /** Value of QEMU's `-sandbox`; empty: no system call filter. */
  readonly seccompSandbox: string;
  /** Firmware file; empty: the fastest one that the VMM has for direct kernel boot. */
  readonly firmware: string;
  /** Directory in the guest whose programs are hooks of every container; empty: none. */
  readonly guestHookPath: string;
  readonly debug: boolean;
  /** Seconds to wait for the guest to power off before the VMM is killed. */
  readonly stopTimeoutSeconds: number;
}

/** `[agent.kata]`. */
export interface AgentConfig {
  readonly transport: AgentTransport;
  readonly debug: boolean;
  readonly debugConsole: boolean;
  /** Seconds from VMM start until the agent must have answered. */
  readonly dialTimeoutSeconds: number;
  readonly containerPipeSize: number;
  readonly kernelModules: readonly string[];
}

/** `[runtime]`. */
export interface RuntimeOptions {
  readonly debug: boolean;
  readonly disableGuestSeccomp: boolean;
  readonly sandboxCgroupOnly: boolean;
  readonly createContainerTimeoutSeconds: number;
  readonly staticSandboxResourceMgmt: boolean;
  readonly internetworkingModel: Values["runtime"]["internetworking_model"];
  readonly disableNewNetns: boolean;
}

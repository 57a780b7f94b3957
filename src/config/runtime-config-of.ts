import type { Values } from "./effective.ts";
import type { HypervisorType } from "./hypervisor-type.ts";
import { splitKernelParams } from "./kernel-params/param.ts";
import { parseVerityParams } from "./kernel-params/verity.ts";
import type { Host } from "./rules/rule.ts";
import type { AgentConfig, HypervisorConfig, RuntimeConfig, RuntimeOptions } from "./runtime-config.ts";

/** The configuration as the rest of the program wants it: values that stand for "ask the host" are filled in. */
export function runtimeConfigOf(
  values: Values,
  type: HypervisorType,
  host: Host,
): Pick<RuntimeConfig, "hypervisor" | "agent" | "runtime"> {
  return {
    hypervisor: hypervisorConfig(values.hypervisor, type, host),
    agent: agentConfig(values.agent),
    runtime: runtimeOptions(values.runtime),
  };
}

function hypervisorConfig(values: Values["hypervisor"], name: HypervisorType, host: Host): HypervisorConfig {
  // As upstream: never more than the host has.
  const vcpus = values.default_vcpus < 0 ? host.cpus : Math.min(values.default_vcpus || 1, host.cpus);
  return {
    name,
    path: values.path,
    kernelPath: values.kernel,
    boot: boot(values),
    machineType: values.machine_type,
    machineAccelerators: values.machine_accelerators,
    accelerator: values.accelerator,
    cpuFeatures: values.cpu_features,
    kernelParams: splitKernelParams(values.kernel_params),
    defaultVcpus: vcpus,
    defaultMaxVcpus: values.default_maxvcpus || host.cpus,
    defaultMemoryMib: values.default_memory,
    defaultMaxMemoryMib: values.default_maxmemory || host.memoryMib,
    memorySlots: values.memory_slots,
    sharedFs: values.shared_fs,
    virtioFsDaemonPath: values.virtio_fs_daemon,
    virtioFsExtraArgs: values.virtio_fs_extra_args,
    virtioFsCache: values.virtio_fs_cache,
    virtioFsCacheSizeMib: values.virtio_fs_cache_size,
    virtioFsQueueSize: values.virtio_fs_queue_size || 1024,
    blockDeviceDriver: values.block_device_driver,
    blockDeviceAio: values.block_device_aio,
    disableVhostNet: values.disable_vhost_net,
    pcieRootPorts: values.pcie_root_port,
    entropySource: values.entropy_source,
    seccompSandbox: values.seccompsandbox,
    firmware: values.firmware,
    guestHookPath: values.guest_hook_path,
    debug: values.enable_debug,
    stopTimeoutSeconds: values.stop_timeout,
  };
}

function boot(values: Values["hypervisor"]): HypervisorConfig["boot"] {
  if (values.initrd !== "" || values.image === "") return { kind: "initrd", path: values.initrd };
  return {
    kind: "image",
    path: values.image,
    fsType: values.rootfs_type,
    // A microvm has no slots for memory modules.
    driver: values.disable_image_nvdimm || values.machine_type === "microvm" ? "virtio-blk" : "nvdimm",
    verity: parseVerityParams(values.kernel_verity_params),
  };
}

function agentConfig(values: Values["agent"]): AgentConfig {
  return {
    transport: values.agent_transport,
    debug: values.enable_debug,
    debugConsole: values.debug_console_enabled,
    dialTimeoutSeconds: values.dial_timeout || 30,
    containerPipeSize: values.container_pipe_size,
    kernelModules: values.kernel_modules,
  };
}

function runtimeOptions(values: Values["runtime"]): RuntimeOptions {
  return {
    debug: values.enable_debug,
    disableGuestSeccomp: values.disable_guest_seccomp,
    sandboxCgroupOnly: values.sandbox_cgroup_only,
    createContainerTimeoutSeconds: values.create_container_timeout || 60,
    staticSandboxResourceMgmt: values.static_sandbox_resource_mgmt,
    internetworkingModel: values.internetworking_model,
    disableNewNetns: values.disable_new_netns,
  };
}

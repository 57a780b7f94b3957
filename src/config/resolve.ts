import { nearest } from "../base/nearest.ts";
import { splitKernelParams } from "./kernel-params/param.ts";
import type { ValuesOf } from "./key.ts";
import { ConfigError, type Document, type Problem, problemText } from "./problem.ts";
import { type Findings, readTable, reportUnknown, subTable } from "./read.ts";
import { brokenRules } from "./rules.ts";
import type { AgentConfig, HypervisorConfig, RuntimeConfig, RuntimeOptions } from "./runtime-config.ts";
import type { agentKeys } from "./schema/agent.ts";
import type { qemuKeys } from "./schema/qemu.ts";
import { runtimeKeys } from "./schema/runtime.ts";
import { agentTables, hypervisorKeys } from "./schema/tables.ts";
import { mergeTables, type TomlTable } from "./toml.ts";

/** The machine that VMs run on, for defaults that depend on it. */
export interface HostSize {
  readonly cpus: number;
  readonly memoryMib: number;
}

/**
 * The effective configuration that files add up to; later documents win. Throws ConfigError with every problem. Unknown keys
 * are warnings: files written for another version must not stop a start.
 */
export function resolveConfig(documents: readonly Document[], host: HostSize): RuntimeConfig {
  const findings: Findings = { problems: [], warnings: [] };
  const root = documents.reduce<TomlTable>((merged, { table }) => mergeTables(merged, table), {});
  reportUnknown(root, [], ["hypervisor", "agent", "runtime"], findings.warnings);
  const runtime = readTable(subTable(root, ["runtime"], findings), ["runtime"], runtimeKeys, findings);
  const hypervisors = subTable(root, ["hypervisor"], findings);
  const name = hypervisorName(hypervisors, runtime.hypervisor_name, findings.problems);
  const hypervisorPath = ["hypervisor", name];
  const hypervisor = readTable(
    subTable(hypervisors, hypervisorPath, findings),
    hypervisorPath,
    hypervisorKeys[name],
    findings,
  );
  const agents = subTable(root, ["agent"], findings);
  reportUnknown(agents, ["agent"], Object.keys(agentTables), findings.warnings);
  const agentPath = ["agent", "kata"];
  const agent = readTable(subTable(agents, agentPath, findings), agentPath, agentTables.kata, findings);
  const config: RuntimeConfig = {
    hypervisor: hypervisorConfig(name, hypervisor, host),
    agent: agentConfig(agent),
    runtime: runtimeOptions(runtime),
    source: documents[0]?.file,
    warnings: findings.warnings.map((warning) => problemText(warning, documents)),
  };
  const problems = [
    ...findings.problems,
    ...(findings.problems.length === 0
      ? brokenRules({ config, initrd: hypervisor.initrd, image: hypervisor.image })
      : []),
  ];
  const [first] = problems;
  if (first === undefined) return config;
  throw new ConfigError(
    problems.map((problem) => problemText(problem, documents)),
    first.path.join("."),
  );
}

type HypervisorName = keyof typeof hypervisorKeys;

function hypervisorName(tables: TomlTable, chosen: string, problems: Problem[]): HypervisorName {
  const known = Object.keys(hypervisorKeys) as HypervisorName[];
  const present = Object.keys(tables);
  for (const name of present) {
    if (known.some((one) => one === name)) continue;
    const meant = nearest(name, known);
    const suggestion = meant === undefined ? {} : { suggestion: `[hypervisor.${meant}]` };
    const rule = `is not a hypervisor that can be used here, which are: ${known.join(", ")}`;
    problems.push({ path: ["hypervisor", name], rule, aboutKey: true, ...suggestion });
  }
  const candidates = known.filter((name) => (chosen === "" ? present.includes(name) : name === chosen));
  return candidates[0] ?? "qemu";
}

function hypervisorConfig(name: string, values: ValuesOf<typeof qemuKeys>, host: HostSize): HypervisorConfig {
  const vcpus = values.default_vcpus < 0 ? host.cpus : values.default_vcpus || 1;
  return {
    name,
    path: values.path,
    kernelPath: values.kernel,
    boot:
      values.initrd === "" && values.image !== ""
        ? { kind: "image", path: values.image, fsType: values.rootfs_type }
        : { kind: "initrd", path: values.initrd },
    machineType: values.machine_type,
    machineAccelerators: values.machine_accelerators,
    accelerator: values.accelerator,
    cpuFeatures: values.cpu_features,
    kernelParams: splitKernelParams(values.kernel_params),
    defaultVcpus: vcpus,
    defaultMaxVcpus: values.default_maxvcpus || Math.max(host.cpus, Math.ceil(vcpus)),
    defaultMemoryMib: values.default_memory,
    defaultMaxMemoryMib: values.default_maxmemory || host.memoryMib,
    memorySlots: values.memory_slots,
    sharedFs: values.shared_fs,
    virtioFsDaemonPath: values.virtio_fs_daemon,
    virtioFsExtraArgs: values.virtio_fs_extra_args,
    virtioFsCache: values.virtio_fs_cache,
    virtioFsCacheSizeMib: values.virtio_fs_cache_size,
    virtioFsQueueSize: values.virtio_fs_queue_size,
    blockDeviceDriver: values.block_device_driver,
    blockDeviceAio: values.block_device_aio,
    pcieRootPorts: values.pcie_root_port,
    entropySource: values.entropy_source,
    seccompSandbox: values.seccompsandbox,
    firmware: values.firmware,
    debug: values.enable_debug,
    stopTimeoutSeconds: values.stop_timeout,
  };
}

function agentConfig(values: ValuesOf<typeof agentKeys>): AgentConfig {
  return {
    transport: values.agent_transport,
    debug: values.enable_debug,
    debugConsole: values.debug_console_enabled,
    dialTimeoutSeconds: values.dial_timeout || 30,
    containerPipeSize: values.container_pipe_size,
    kernelModules: values.kernel_modules,
  };
}

function runtimeOptions(values: ValuesOf<typeof runtimeKeys>): RuntimeOptions {
  return {
    debug: values.enable_debug,
    disableGuestSeccomp: values.disable_guest_seccomp,
    sandboxCgroupOnly: values.sandbox_cgroup_only,
    createContainerTimeoutSeconds: values.create_container_timeout,
    staticSandboxResourceMgmt: values.static_sandbox_resource_mgmt,
    internetworkingModel: values.internetworking_model,
    disableNewNetns: values.disable_new_netns,
  };
}

import * as wire from "../wire/gen/agent/oci.ts";
import type { DeepPartial } from "../wire/protobuf/message-type.ts";
import type { LinuxDevice, Mount, Process, Resources, Seccomp, Spec } from "./spec.ts";

/** The specification as the agent API carries it. Absent numbers become 0, which the agent reads as "not given". */
export function toAgentSpec(spec: Spec): wire.Spec {
  const { linux } = spec;
  return wire.Spec.create({
    Version: spec.ociVersion,
    Process: spec.process === undefined ? undefined : processFields(spec.process),
    Root: spec.root === undefined ? undefined : { Path: spec.root.path, Readonly: spec.root.readonly },
    Hostname: spec.hostname,
    Mounts: spec.mounts.map(({ destination, source, type, options }: Mount) => ({
      destination,
      source,
      type,
      options,
    })),
    Annotations: spec.annotations,
    Linux: {
      UIDMappings: linux.uidMappings.map(idMapping),
      GIDMappings: linux.gidMappings.map(idMapping),
      Sysctl: linux.sysctl,
      Resources: linux.resources === undefined ? undefined : resourceFields(linux.resources),
      CgroupsPath: linux.cgroupsPath,
      Namespaces: linux.namespaces.map(({ type, path }) => ({ Type: type, Path: path })),
      Devices: linux.devices.map(device),
      Seccomp: linux.seccomp === undefined ? undefined : seccomp(linux.seccomp),
      RootfsPropagation: linux.rootfsPropagation,
      MaskedPaths: linux.maskedPaths,
      ReadonlyPaths: linux.readonlyPaths,
      MountLabel: linux.mountLabel,
    },
  });
}

/** The process of an exec as the agent API carries it. */
export function toAgentProcess(process: Process): wire.Process {
  return wire.Process.create(processFields(process));
}

/** Resources of an update as the agent API carries them. */
export function toAgentResources(resources: Resources): wire.LinuxResources {
  return wire.LinuxResources.create(resourceFields(resources));
}

function processFields(process: Process): DeepPartial<wire.Process> {
  const { user, capabilities, consoleSize } = process;
  return {
    Terminal: process.terminal,
    ConsoleSize: consoleSize === undefined ? undefined : { Height: consoleSize.height, Width: consoleSize.width },
    User: { UID: user.uid, GID: user.gid, AdditionalGids: user.additionalGids, Username: user.username },
    Args: process.args,
    Env: process.env,
    Cwd: process.cwd,
    Capabilities:
      capabilities === undefined
        ? undefined
        : {
            Bounding: capabilities.bounding,
            Effective: capabilities.effective,
            Inheritable: capabilities.inheritable,
            Permitted: capabilities.permitted,
            Ambient: capabilities.ambient,
          },
    Rlimits: process.rlimits.map(({ type, hard, soft }) => ({ Type: type, Hard: hard, Soft: soft })),
    NoNewPrivileges: process.noNewPrivileges,
    ApparmorProfile: process.apparmorProfile,
    OOMScoreAdj: BigInt(process.oomScoreAdj),
    SelinuxLabel: process.selinuxLabel,
  };
}

function resourceFields({ memory, cpu, pids, hugepageLimits }: Resources): DeepPartial<wire.LinuxResources> {
  return {
    Memory:
      memory === undefined
        ? undefined
        : {
            Limit: memory.limit,
            Reservation: memory.reservation,
            Swap: memory.swap,
            Swappiness: memory.swappiness,
            DisableOOMKiller: memory.disableOOMKiller,
          },
    CPU:
      cpu === undefined
        ? undefined
        : {
            Shares: cpu.shares,
            Quota: cpu.quota,
            Period: cpu.period,
            RealtimeRuntime: cpu.realtimeRuntime,
            RealtimePeriod: cpu.realtimePeriod,
            Cpus: cpu.cpus,
            Mems: cpu.mems,
          },
    Pids: pids === undefined ? undefined : { Limit: pids.limit },
    HugepageLimits: hugepageLimits.map(({ pageSize, limit }) => ({ Pagesize: pageSize, Limit: limit })),
  };
}

function idMapping({ containerID, hostID, size }: { containerID: number; hostID: number; size: number }) {
  return { ContainerID: containerID, HostID: hostID, Size: size };
}

function device({ path, type, major, minor, fileMode, uid, gid }: LinuxDevice): DeepPartial<wire.LinuxDevice> {
  return { Path: path, Type: type, Major: major, Minor: minor, FileMode: fileMode, UID: uid, GID: gid };
}

function seccomp(profile: Seccomp): DeepPartial<wire.LinuxSeccomp> {
  return {
    DefaultAction: profile.defaultAction,
    Architectures: profile.architectures,
    Flags: profile.flags,
    Syscalls: profile.syscalls.map(({ names, action, errnoRet, args }) => ({
      Names: names,
      Action: action,
      errnoret: errnoRet,
      Args: args.map(({ index, value, valueTwo, op }) => ({
        Index: BigInt(index),
        Value: value,
        ValueTwo: valueTwo,
        Op: op,
      })),
    })),
  };
}

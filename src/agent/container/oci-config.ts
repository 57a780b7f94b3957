import type { DeviceNumber } from "../../sys/port/files.ts";
import type { Linux, LinuxNamespace, LinuxSeccomp, Spec } from "../../wire/gen/agent/oci.ts";
import type { Json } from "./json.ts";
import { ociMount } from "./oci-mounts.ts";
import { ociProcess } from "./oci-process.ts";
import { ociDevice, ociResources } from "./oci-resources.ts";
import { invalid, isNormalPath, requireKataPath } from "./rules.ts";

/** What the guest adds to the host's specification. */
export interface GuestContext {
  readonly cgroupsPath: string;
  /** Namespaces that containers of this sandbox share, as paths; absent ones are new per container. */
  readonly sharedNamespaces: {
    readonly ipc?: string | undefined;
    readonly uts?: string | undefined;
    readonly pid?: string | undefined;
  };
  /** Block devices that hold the guest's own root file system. */
  readonly guestDisks: readonly DeviceNumber[];
  /** Hooks found in the guest's hook directory, in the form of the specification. */
  readonly hooks: Json | undefined;
}

const PROPAGATIONS: ReadonlySet<string> = new Set(["", "private", "rprivate", "slave", "rslave", "shared", "rshared"]);

/**
 * config.json for crun from the specification that came over the wire. Everything is checked against rules before
 * crun sees it; `invalid-argument` names the field. Host-side matters are replaced: the cgroup path, the namespaces'
 * paths, the hooks. Sysctls are not part of it, see `sysctl.ts`.
 */
export function ociConfig(spec: Spec, context: GuestContext): Json {
  if (spec.Process === undefined) throw invalid("process", "The specification has no process");
  if (spec.Root === undefined) throw invalid("root", "The specification has no root");
  const linux = spec.Linux;
  if (!PROPAGATIONS.has(linux?.RootfsPropagation ?? "")) {
    throw invalid("linux.rootfsPropagation", `Root propagation must be one of ${[...PROPAGATIONS].join(" ")}`);
  }
  return {
    ociVersion: "1.0.2",
    process: ociProcess(spec.Process),
    root: { path: requireKataPath(spec.Root.Path, "root.path"), readonly: spec.Root.Readonly },
    hostname: hostname(spec),
    mounts: spec.Mounts.map(ociMount),
    hooks: context.hooks,
    annotations: spec.Annotations,
    linux: {
      // Makes crun set the execution domain, which it may have inherited with fixed addresses, for the container's programs.
      personality: { domain: "LINUX" },
      uidMappings: idMappings(linux?.UIDMappings ?? []),
      gidMappings: idMappings(linux?.GIDMappings ?? []),
      resources: ociResources(linux?.Resources, linux?.Devices ?? [], context.guestDisks),
      cgroupsPath: context.cgroupsPath,
      namespaces: namespaces(linux?.Namespaces ?? [], context),
      devices: (linux?.Devices ?? []).map((device) => ociDevice(device, context.guestDisks)),
      seccomp: linux?.Seccomp === undefined ? undefined : seccomp(linux.Seccomp),
      rootfsPropagation: linux?.RootfsPropagation || undefined,
      maskedPaths: plainPaths("linux.maskedPaths", linux?.MaskedPaths ?? []),
      readonlyPaths: plainPaths("linux.readonlyPaths", linux?.ReadonlyPaths ?? []),
    },
  };
}

/** A host name is set where the container has a UTS namespace to set it in. */
function hostname(spec: Spec): string | undefined {
  if (spec.Hostname === "" || !spec.Linux?.Namespaces.some(({ Type }) => Type === "uts")) return undefined;
  return requireHostname(spec.Hostname);
}

/** Checks a host name: what sethostname(2) takes and a log line shows. */
export function requireHostname(name: string): string {
  if (!/^[\x21-\x7e]{1,64}$/.test(name)) {
    throw invalid(
      "hostname",
      `The host name must be 1 to 64 printable characters, got ${JSON.stringify(name.slice(0, 80))}`,
    );
  }
  return name;
}

/**
 * Every container has its own mount, pid and cgroup namespace, and the guest's network. IPC and UTS belong to the
 * sandbox when the specification asks for them at all. The host's namespace paths mean nothing here.
 */
function namespaces(wanted: readonly LinuxNamespace[], { sharedNamespaces }: GuestContext): Json {
  const types = new Set<string>();
  for (const { Type } of wanted) {
    if (!/^(?:pid|network|mount|ipc|uts|user|cgroup|time)$/.test(Type))
      throw invalid("linux.namespaces", `Unknown namespace type ${JSON.stringify(Type)}`);
    if (types.has(Type)) throw invalid("linux.namespaces", `Namespace type ${Type} occurs twice`);
    types.add(Type);
  }
  const result: Json[] = [{ type: "mount" }, { type: "cgroup" }, { type: "pid", path: sharedNamespaces.pid }];
  if (types.has("ipc")) result.push({ type: "ipc", path: sharedNamespaces.ipc });
  if (types.has("uts")) result.push({ type: "uts", path: sharedNamespaces.uts });
  if (types.has("user")) result.push({ type: "user" });
  return result;
}

function idMappings(mappings: Linux["UIDMappings"]): Json | undefined {
  if (mappings.length === 0) return undefined;
  return mappings.map(({ HostID, ContainerID, Size }) => ({ hostID: HostID, containerID: ContainerID, size: Size }));
}

function plainPaths(field: string, paths: readonly string[]): readonly string[] {
  for (const path of paths) {
    if (!isNormalPath(path))
      throw invalid(field, `${field} must be absolute paths without .., got ${JSON.stringify(path)}`);
  }
  return paths;
}

function seccomp(profile: LinuxSeccomp): Json {
  return {
    defaultAction: profile.DefaultAction,
    architectures: profile.Architectures.length === 0 ? undefined : profile.Architectures,
    flags: profile.Flags.length === 0 ? undefined : profile.Flags,
    syscalls: profile.Syscalls.map(({ Names, Action, Args, errnoret }) => ({
      names: Names,
      action: Action,
      errnoRet: errnoret,
      args:
        Args.length === 0
          ? undefined
          : Args.map(({ Index, Value, ValueTwo, Op }) => ({ index: Index, value: Value, valueTwo: ValueTwo, op: Op })),
    })),
  };
}

import type { Annotations, Mount, Namespace, Process, Resources, Spec } from "./spec.ts";

/** What only the sandbox knows about a container's place in the guest. */
export interface GuestPlacement {
  /** The root file system's path in the guest. */
  readonly rootPath: string;
  /** The mounts with sources that exist in the guest. */
  readonly mounts: readonly Mount[];
  readonly disableGuestSeccomp: boolean;
}

/** Annotations that are for the runtime and must not reach the guest. */
const hostAnnotations: ReadonlySet<string> = new Set([
  "io.katacontainers.config.agent.policy",
  "io.katacontainers.config.hypervisor.cc_init_data",
  "io.katacontainers.config.runtime.cc_init_data",
]);
const HOST_ANNOTATION_PREFIX = "cdi.k8s.io/";

/**
 * Rewrites a host's specification for the guest. What only means something on the host goes: hooks, namespace paths, the
 * host's CPU and NUMA numbers, SELinux labels. The agent adds the pid, cgroup and network side of the sandbox itself.
 */
export function toGuestSpec(spec: Spec, placement: GuestPlacement): Spec {
  const { linux, process, root } = spec;
  const none = {
    prestart: [],
    createRuntime: [],
    createContainer: [],
    startContainer: [],
    poststart: [],
    poststop: [],
  };
  return {
    ...spec,
    process: process === undefined ? undefined : guestProcess(process),
    root: { path: placement.rootPath, readonly: root?.readonly ?? false },
    mounts: placement.mounts,
    hooks: none,
    annotations: guestAnnotations(spec.annotations),
    linux: {
      ...linux,
      resources: linux.resources === undefined ? undefined : guestResources(linux.resources),
      namespaces: guestNamespaces(linux.namespaces),
      seccomp: placement.disableGuestSeccomp ? undefined : linux.seccomp,
      mountLabel: "",
    },
  };
}

/** Labels and profiles are the host's: the guest has no such policies. */
export function guestProcess(process: Process): Process {
  return { ...process, selinuxLabel: "", apparmorProfile: "" };
}

/** Whether the container shares its pod's pid namespace: then the host names a namespace to join. */
export function sharesPidNamespace(spec: Spec): boolean {
  return spec.linux.namespaces.some(({ type, path }) => type === "pid" && path !== "");
}

/** The host's CPU and memory node numbers mean nothing in the guest. */
export function guestResources(resources: Resources): Resources {
  const { cpu } = resources;
  return { ...resources, cpu: cpu === undefined ? undefined : { ...cpu, cpus: "", mems: "" } };
}

function guestNamespaces(namespaces: readonly Namespace[]): Namespace[] {
  return namespaces
    .filter(({ type }) => type === "ipc" || type === "uts" || type === "mount" || type === "user")
    .map(({ type }) => ({ type, path: "" }));
}

function guestAnnotations(annotations: Annotations): Annotations {
  const kept: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(annotations)) {
    if (!hostAnnotations.has(key) && !key.startsWith(HOST_ANNOTATION_PREFIX)) kept[key] = value;
  }
  return kept;
}

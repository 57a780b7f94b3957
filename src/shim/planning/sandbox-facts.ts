import { sharesPidNamespace } from "../../oci/guest-spec.ts";
import { resolverLines } from "../../oci/resolver-lines.ts";
import type { Spec } from "../../oci/spec.ts";
import { podNetns } from "../../resource/network/netns.ts";
import { planVolumes } from "../../resource/volume-plan.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { SandboxFacts } from "./planner.ts";

/** Memory that the containers of a pod share when nothing says how much. */
export const POD_SHM_BYTES = 64 * 1024 * 1024;

/** What a specification asks its sandbox to be. `pod`: it stands for a pod rather than for a container. Throws KataError. */
export function factsOfSpec(
  sys: Pick<FilesPort, "readText" | "realPath" | "stat" | "statFs">,
  spec: Spec,
  pod: boolean,
): SandboxFacts {
  const { linux, mounts } = spec;
  const shm = planVolumes(
    sys,
    mounts.filter(({ destination }) => destination === "/dev/shm"),
  ).find((volume) => volume.kind === "sandbox-shm");
  return {
    hostname: spec.hostname,
    dns: resolverLines(sys, mounts),
    shmBytes: shm?.sizeBytes ?? (pod ? POD_SHM_BYTES : undefined),
    sharedPidNamespace: sharesPidNamespace(spec),
    sysctl: pod ? linux.sysctl : {},
    netns: podNetns(linux.namespaces),
    cgroupsPath: linux.cgroupsPath,
    resources: linux.resources,
    annotations: spec.annotations,
  };
}

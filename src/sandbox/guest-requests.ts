import { sharesPidNamespace, toGuestSpec } from "../oci/guest-spec.ts";
import type { Mount, Spec } from "../oci/spec.ts";
import { toAgentSpec } from "../oci/to-agent.ts";
import { guestSandboxDir, guestShareDir, shareTag } from "../resource/paths.ts";
import { CreateContainerRequest, CreateSandboxRequest } from "../wire/gen/agent/agent.ts";

/** What the guest has to know about a sandbox. */
export interface GuestSandbox {
  readonly id: string;
  readonly hostname: string;
  /** Lines of the pod's resolv.conf. */
  readonly dns: readonly string[];
  /** Size of the memory that the pod's containers share; undefined for none. */
  readonly shmBytes: number | undefined;
  readonly sharedPidNamespace: boolean;
  /** Modules to load, each with its parameters behind it, separated by blanks. */
  readonly kernelModules: readonly string[];
  /** Directory in the guest whose programs are hooks of every container; empty: none. */
  readonly hookPath: string;
}

/** The request that makes the guest ready for containers. */
export function createSandboxRequest(sandbox: GuestSandbox): CreateSandboxRequest {
  const shm = {
    driver: "ephemeral",
    source: "shm",
    fstype: "tmpfs",
    options: ["noexec", "nosuid", "nodev", "mode=1777", `size=${sandbox.shmBytes}`],
    mountPoint: guestShmDir,
  };
  return CreateSandboxRequest.create({
    hostname: sandbox.hostname,
    dns: sandbox.dns,
    storages: [
      { driver: "virtio-fs", source: shareTag, fstype: "virtiofs", options: [], mountPoint: `${guestShareDir}/` },
      ...(sandbox.shmBytes === undefined ? [] : [shm]),
    ],
    sandboxPidns: sandbox.sharedPidNamespace,
    sandboxId: sandbox.id,
    guestHookPath: sandbox.hookPath,
    kernelModules: sandbox.kernelModules.map((line) => {
      const [name = "", ...parameters] = line.split(" ").filter((word) => word !== "");
      return { name, parameters };
    }),
  });
}

/** Where the pod's shared memory is mounted in the guest. */
export const guestShmDir = `${guestSandboxDir}/shm`;

/** The request that creates a container whose rootfs and volumes are in the share. */
export function createContainerRequest(options: {
  readonly id: string;
  readonly spec: Spec;
  readonly rootPath: string;
  readonly mounts: readonly Mount[];
  readonly terminal: boolean;
  readonly disableGuestSeccomp: boolean;
}): CreateContainerRequest {
  const { id, spec, rootPath, mounts, disableGuestSeccomp } = options;
  const guest = toGuestSpec(spec, { rootPath, mounts, disableGuestSeccomp });
  const process = guest.process === undefined ? undefined : { ...guest.process, terminal: options.terminal };
  return CreateContainerRequest.create({
    containerId: id,
    execId: id,
    OCI: toAgentSpec({ ...guest, process }),
    sandboxPidns: sharesPidNamespace(spec),
  });
}

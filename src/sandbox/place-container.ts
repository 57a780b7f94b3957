import type { Failpoints } from "../base/failpoint.ts";
import type { Logger } from "../base/logger.ts";
import type { Mount, Spec } from "../oci/spec.ts";
import type { RootfsStep } from "../resource/rootfs-plan.ts";
import type { SandboxShare } from "../resource/share.ts";
import type { VolumePlan } from "../resource/volume-plan.ts";
import { guestShmDir } from "./guest-requests.ts";
import type { ProcessIo } from "./process-io.ts";

/** A container to be created, with everything that can be checked beforehand. */
export type ContainerRequest = GuestContainerRequest | PodContainerRequest;

interface RequestedContainer {
  readonly id: string;
  readonly bundle: string;
  readonly spec: Spec;
  readonly terminal: boolean;
  readonly io: ProcessIo;
}

/** A container that runs in the guest. */
export interface GuestContainerRequest extends RequestedContainer {
  readonly kind: "guest";
  readonly rootfs: readonly RootfsStep[];
  readonly volumes: readonly VolumePlan[];
}

/** The container that stands for its pod: nothing of it reaches the guest. */
export interface PodContainerRequest extends RequestedContainer {
  readonly kind: "pod";
}

/** Where a container's files are in the guest. */
export interface PlacedContainer {
  readonly rootPath: string;
  readonly mounts: readonly Mount[];
}

/** Puts a container's rootfs and volumes into the share. A failure leaves what was made to `SandboxShare.remove`. */
export async function placeContainer(
  deps: { readonly logger: Logger; readonly failpoints: Failpoints },
  share: SandboxShare,
  request: GuestContainerRequest,
): Promise<PlacedContainer> {
  const { logger, failpoints } = deps;
  const rootPath = share.addRootfs(request.id, request.rootfs);
  await failpoints.hit("rootfs-mounted");
  const mounts = request.volumes.map((volume): Mount => {
    switch (volume.kind) {
      case "guest":
        if (volume.warning !== undefined) logger.warn("mount refers to the guest", { mount: volume.warning });
        return volume.mount;
      case "sandbox-shm":
        return { ...volume.mount, type: "bind", source: guestShmDir };
      case "share":
        return { ...volume.mount, type: "bind", source: share.addVolume(request.id, volume) };
      default:
        return volume satisfies never;
    }
  });
  await failpoints.hit("volumes-mounted");
  return { rootPath, mounts };
}

import { KataError } from "../base/error.ts";
import { isBindMount, isReadOnly } from "../oci/mount-schema.ts";
import type { Mount } from "../oci/spec.ts";
import { isErrno } from "../sys/error.ts";
import type { FileKind, FilesPort } from "../sys/port/files.ts";

/** How one mount of a specification reaches the container. */
export type VolumePlan =
  /** The guest makes it by itself, from what the guest has. */
  | { readonly kind: "guest"; readonly mount: Mount; readonly warning?: string }
  /** The pod's shared memory, which all containers of the sandbox use. */
  | { readonly kind: "sandbox-shm"; readonly mount: Mount; readonly sizeBytes: number }
  /** A file or directory of the host. `source` has no symbolic links any more. */
  | {
      readonly kind: "share";
      readonly mount: Mount;
      readonly source: string;
      readonly directory: boolean;
      readonly recursive: boolean;
      readonly readOnly: boolean;
    };

/** Host file systems that must never be seen in a guest. */
const kernelRoots = ["/proc", "/sys", "/dev"];
/** statfs(2). */
const TMPFS_MAGIC = 0x01021994;
/** Of a tmpfs without a limit. */
const defaultShmBytes = 64 * 1024 * 1024;

/**
 * Decides for each mount. A source below /proc, /sys or /dev means the guest's own, as in any container; a source that
 * gets there by a symbolic link is refused, because its author and the container's disagree about what it is. Throws
 * KataError with `field` `mounts[N].source`.
 */
export function planVolumes(
  sys: Pick<FilesPort, "realPath" | "stat" | "statFs">,
  mounts: readonly Mount[],
): VolumePlan[] {
  return mounts.map((mount, index) => {
    if (!isBindMount(mount)) return { kind: "guest", mount };
    return planBind(sys, mount, `mounts[${index}].source`);
  });
}

function planBind(sys: Pick<FilesPort, "realPath" | "stat" | "statFs">, mount: Mount, field: string): VolumePlan {
  const shmBytes = mount.destination === "/dev/shm" ? sharedMemoryBytes(sys, mount.source) : undefined;
  if (shmBytes !== undefined) return { kind: "sandbox-shm", mount, sizeBytes: shmBytes };
  if (!mount.source.startsWith("/")) {
    throw new KataError(
      "invalid-argument",
      `Mount source must be an absolute path, got ${JSON.stringify(mount.source)}`,
      {
        field,
      },
    );
  }
  if (kernelRoots.some((root) => isWithin(mount.source, root))) {
    return { kind: "guest", mount, warning: `${mount.source} of the guest is mounted at ${mount.destination}` };
  }
  const { source, kind } = resolve(sys, mount, field);
  if (kernelRoots.some((root) => isWithin(source, root))) {
    throw new KataError("invalid-argument", `Mount source ${mount.source} leads to ${source}, which is not shared`, {
      field,
      hint: "Directories below /proc, /sys and /dev belong to the kernel that runs the container: mount them by their names",
    });
  }
  if (kind === "block" || kind === "char") {
    throw new KataError("invalid-argument", `Mount source ${mount.source} is a ${kind} device`, { field });
  }
  return {
    kind: "share",
    mount,
    source,
    directory: kind === "directory",
    recursive: !mount.options.includes("bind"),
    readOnly: isReadOnly(mount.options),
  };
}

function resolve(
  sys: Pick<FilesPort, "realPath" | "stat">,
  mount: Mount,
  field: string,
): { readonly source: string; readonly kind: FileKind } {
  try {
    const source = sys.realPath(mount.source);
    return { source, kind: sys.stat(source).kind };
  } catch (error) {
    const missing = isErrno(error, "ENOENT");
    const what = missing ? "does not exist" : "cannot be used";
    throw KataError.wrap(error, `Mount source ${mount.source} for ${mount.destination} ${what}`, {
      field,
      ...(missing ? { hint: `Create ${mount.source} on the host, or mount something else` } : {}),
    });
  }
}

/** Size of the shared memory that the host made for the pod; undefined when the source is something else. */
function sharedMemoryBytes(sys: Pick<FilesPort, "statFs">, source: string): number | undefined {
  try {
    const { type, blocks, blockSize } = sys.statFs(source);
    if (type !== TMPFS_MAGIC) return undefined;
    return Number(blocks) * blockSize || defaultShmBytes;
  } catch (error) {
    // What is wrong with the source is said when it is resolved.
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

function isWithin(path: string, root: string): boolean {
  const tidy = path.replace(/\/+/g, "/");
  return tidy === root || tidy.startsWith(`${root}/`);
}

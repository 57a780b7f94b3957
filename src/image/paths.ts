/** Where images are kept: all below one directory that only root may enter (images contain set-user-id files). */
export interface ImagePaths {
  /** The directory itself. */
  readonly root: string;
  /** An OCI image layout: every tool that knows OCI can read it. */
  readonly layout: string;
  readonly index: string;
  readonly blobs: string;
  /** One unpacked root file system for each image id. */
  readonly rootfs: string;
  /** Work in progress; everything here may be deleted when nobody holds the lock. */
  readonly temporary: string;
  /** Shared while an image is added or being looked up for a container; exclusive while one is removed. */
  readonly useLock: string;
  /** One lock for each name that is being pulled. */
  readonly locks: string;
  /** Exclusive while index.json is read, changed and written. */
  readonly indexLock: string;
}

/** The paths below `root`. */
export function imagePaths(root: string): ImagePaths {
  return {
    root,
    layout: `${root}/oci`,
    index: `${root}/oci/index.json`,
    blobs: `${root}/oci/blobs`,
    rootfs: `${root}/rootfs`,
    temporary: `${root}/tmp`,
    locks: `${root}/locks`,
    useLock: `${root}/use.lock`,
    indexLock: `${root}/index.lock`,
  };
}

/** The file of a blob. `digest` is checked already: `sha256:<64 hex digits>`. */
export function blobPath(paths: ImagePaths, digest: string): string {
  return `${paths.blobs}/${digest.replace(":", "/")}`;
}

/** The unpacked root file system of an image id. */
export function rootfsPath(paths: ImagePaths, id: string): string {
  return `${paths.rootfs}/${id.replace(/^sha256:/, "")}`;
}

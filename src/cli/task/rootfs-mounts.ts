import { type ImagePaths, rootfsPath } from "../../image/paths.ts";
import type { ContainerPaths } from "../state/paths.ts";
import type { RootfsSource } from "../state/record.ts";
import type { RootfsMount } from "./container-run.ts";

/** The directory below a container's writable layer: an unpacked image, or the user's directory. Nobody writes to it. */
export function lowerDirectory(images: ImagePaths, source: RootfsSource): string {
  return source.kind === "image" ? rootfsPath(images, source.id) : source.path;
}

/** The container's root file system as the shim is to mount it: its own layer over the lower directory (overlayfs). */
export function rootfsMounts(images: ImagePaths, source: RootfsSource, paths: ContainerPaths): RootfsMount[] {
  const options = [
    `lowerdir=${escapeColon(lowerDirectory(images, source))}`,
    `upperdir=${paths.upper}`,
    `workdir=${paths.work}`,
  ];
  return [{ type: "overlay", source: "overlay", target: "", options }];
}

/** A colon separates layers; backslashes make it a letter again (Documentation/filesystems/overlayfs.rst). */
function escapeColon(path: string): string {
  return path.replace(/[\\:]/g, "\\$&");
}

import { canonicalName, parseReference } from "../image/reference.ts";
import type { ImageUser } from "../image/service.ts";
import { isErrno } from "../sys/error.ts";
import { containerStore } from "./container-store.ts";
import type { CommandContext } from "./context.ts";

/** The containers of every namespace that have an image as their root file system. */
export function imageUsers(context: CommandContext): ImageUser[] {
  const { paths, sys } = context;
  let namespaces: string[];
  try {
    namespaces = sys.readDir(paths.runRoot).map(({ name }) => name);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
  return namespaces.flatMap((namespace) => {
    const containers = `${paths.runRoot}/${namespace}/containers`;
    const store = containerStore({ ...context, paths: { ...paths, namespace, containers } });
    return store
      .list()
      .flatMap(({ name, rootfs }) =>
        rootfs.kind === "image"
          ? [{ container: name, imageId: rootfs.id, imageName: canonicalName(parseReference(rootfs.name)) }]
          : [],
      );
  });
}

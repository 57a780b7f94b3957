import { invalid, isWithin, KATA_DIR, requireKataPath } from "../container/rules.ts";
import type { StorageDriver } from "./driver.ts";
import { parseMountOptions } from "./options.ts";

const CREATE_DIRECTORY = "io.katacontainers.volume.overlayfs.create_directory=";
const WRITABLE = "io.katacontainers.fs-opt.overlay-rw";

/**
 * A root file system from layers that other storages mounted. Driver options name directories to create first; the
 * option `overlay-rw` asks for upper and work directories beside the mount point.
 */
export const overlay: StorageDriver = async (deps, storage) => {
  const { modules, mounter, sys, tree, mountPoint } = { ...deps, ...storage };
  const create = storage.driverOptions.filter((option) => option.startsWith(CREATE_DIRECTORY));
  const paths = create.map((option) => requireKataPath(option.slice(CREATE_DIRECTORY.length), "driver_options"));
  const options = storage.options.filter((option) => option !== WRITABLE);
  if (options.length < storage.options.length) {
    const base = mountPoint.slice(0, mountPoint.lastIndexOf("/"));
    paths.push(`${base}/upper`, `${base}/work`);
    options.push(`upperdir=${base}/upper`, `workdir=${base}/work`);
  }
  const { flags, data } = parseMountOptions("overlay", options);
  for (const option of data) checkLayers(option);
  for (const path of paths) sys.close(tree.ensureDirectory(path));
  modules.require("overlay");
  mounter.mount({ fstype: "overlay", source: "overlay", mountPoint, options: [...flags, ...data] });
  return { mounted: true };
};

function checkLayers(option: string): void {
  const match = /^(lowerdir|upperdir|workdir)=(.*)$/.exec(option);
  for (const path of match?.[2]?.split(":") ?? []) {
    const below = isWithin(requireKataPath(path, "options"), KATA_DIR);
    if (!below || path.includes("\\"))
      throw invalid("options", `Overlay directories must lie below ${KATA_DIR}, got ${JSON.stringify(path)}`);
  }
}

/** Something that is in the guest's tree already, at a second place. */
export const bind: StorageDriver = async ({ sys, mounter, tree }, storage) => {
  const source = requireKataPath(storage.source, "source");
  const words = storage.options.filter((option) => option !== "bind" && option !== "rbind");
  const { flags } = parseMountOptions("bind", words);
  if (!tree.has(source))
    throw invalid("source", `The source of a bind mount must exist and be reached without links, got ${source}`);
  mounter.mount({
    fstype: undefined,
    source,
    mountPoint: storage.mountPoint,
    options: [storage.options.includes("rbind") ? "rbind" : "bind", ...flags],
    file: sys.lstat(source).kind !== "directory",
  });
  return { mounted: true };
};

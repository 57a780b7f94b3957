import { invalid } from "../container/rules.ts";
import type { StorageDriver } from "./driver.ts";
import { parseMountOptions } from "./options.ts";

/** The host's shared directory over virtio-fs; the source is its tag. */
export const virtioFs: StorageDriver = async (deps, storage) => {
  deps.modules.require("virtiofs");
  return mountTag(deps, "virtiofs", storage);
};

/** The same over 9p, for hosts without a virtio-fs daemon. */
export const nineP: StorageDriver = async (deps, storage) => {
  deps.modules.require("9pnet_virtio");
  deps.modules.require("9p");
  return mountTag(deps, "9p", storage);
};

function mountTag(
  deps: Parameters<StorageDriver>[0],
  fstype: string,
  { source, mountPoint, options }: Parameters<StorageDriver>[1],
): { readonly mounted: boolean } {
  if (!/^[\w.-]{1,64}$/.test(source))
    throw invalid("source", `A share's tag must be one word, got ${JSON.stringify(source)}`);
  const { flags, data } = parseMountOptions(fstype, options);
  deps.mounter.mount({ fstype, source, mountPoint, options: [...flags, ...data] });
  return { mounted: true };
}

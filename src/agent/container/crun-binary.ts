import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { Sys } from "../../sys/sys.ts";

const CRUN = "/usr/bin/crun";

/** How to start crun. */
export interface CrunBinary {
  readonly path: string;
  readonly env: readonly string[];
  /** Worth loading at fixed addresses. The containers' programs get theirs randomised again, see oci-config.ts. */
  readonly fixedAddresses: boolean;
}

/**
 * Puts a copy of crun where it trusts itself. crun refuses to run from a file that a container could overwrite through
 * /proc/PID/exe (CVE-2019-5736): unless its file is on a read-only mount and the variable below is set, it copies and
 * executes itself again, up to twice when it lies on a tmpfs, as it does in an initramfs. A ramfs (not a tmpfs, whose
 * files answer to F_GET_SEALS) that is made read-only after the copy fulfils the condition, and each start costs one
 * execution instead of three.
 */
export function prepareCrun(deps: { readonly sys: Sys; readonly logger: Logger }, dir: string): CrunBinary {
  const { sys, logger } = deps;
  try {
    sys.mkdirAll(dir);
    sys.mount({ type: "ramfs", source: "crun", target: dir, options: ["nosuid", "nodev", "mode=0700"] });
    try {
      copy(sys, CRUN, `${dir}/crun`);
      sys.mount({ source: "crun", target: dir, options: ["remount", "ro", "nosuid", "nodev"] });
    } catch (error) {
      sys.unmount(dir, { detach: true });
      throw error;
    }
    return { path: `${dir}/crun`, env: ["_LIBCONTAINER_CLONED_BINARY=1"], fixedAddresses: isEmulated(sys) };
  } catch (error) {
    logger.warn("crun starts slowly", { error: KataError.from(error) });
    return { path: CRUN, env: [], fixedAddresses: false };
  }
}

/** Whether QEMU translates the guest's instructions instead of having the processor execute them. */
function isEmulated(sys: FilesPort): boolean {
  const text = sys.readText("/proc/cpuinfo");
  const at = text.indexOf("\nmodel name");
  return at >= 0 && text.slice(at, text.indexOf("\n", at + 1)).includes("TCG");
}

function copy(sys: Sys, from: string, to: string): void {
  const source = sys.open(from);
  const target = sys.open(to, { write: true, create: true, exclusive: true, mode: 0o700 });
  try {
    const buffer = new Uint8Array(256 * 1024);
    for (let count = sys.read(source, buffer); count > 0; count = sys.read(source, buffer)) {
      for (let written = 0; written < count; ) written += sys.write(target, buffer, written, count - written);
    }
  } finally {
    sys.close(source);
    sys.close(target);
  }
}

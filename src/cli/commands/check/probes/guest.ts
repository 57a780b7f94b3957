import { KataError } from "../../../../base/error.ts";
import { formatSize } from "../../../../base/units.ts";
import { architectureOf } from "../../../../config/architecture.ts";
import { isErrno, SysError } from "../../../../sys/error.ts";
import { readManifest } from "../../guest-inspect/handler.ts";
import { type Finding, type Host, type HostSys, isForRootOnly, type Probe, withConfiguration } from "../probe.ts";
import { type GuestFileKind, recognise } from "./guest-format.ts";

const build = "Build it with kata-ctl guest build";

/** The guest's kernel can be read, and is a kernel for this architecture. */
export const kernelProbe: Probe = {
  id: "guest-kernel",
  title: "guest kernel",
  needed: "required",
  run: withConfiguration(({ hypervisor }, host) => {
    const remedy = `${build}, or set kernel in [hypervisor.${hypervisor.name}]`;
    return lookAt(host, { path: hypervisor.kernelPath, kind: "kernel", remedy });
  }),
};

/** The guest's initrd or image can be read, and is of a known format. */
export const bootProbe: Probe = {
  id: "guest-root",
  title: "guest initrd or image",
  needed: "required",
  run: withConfiguration(({ hypervisor }, host) => {
    const { kind, path } = hypervisor.boot;
    return lookAt(host, { path, kind, remedy: `${build}, or set ${kind} in [hypervisor.${hypervisor.name}]` });
  }),
};

function lookAt(
  { sys }: Host,
  file: { readonly path: string; readonly kind: GuestFileKind; readonly remedy: string },
): Finding {
  const { kind, path, remedy } = file;
  const failed = (reason: string): Finding => ({ result: "failed", reason, remedy });
  let start: Uint8Array;
  let size: number;
  try {
    const stat = sys.stat(path);
    // An image may be a disk.
    if (stat.kind !== "file" && !(kind === "image" && stat.kind === "block")) {
      return failed(`${path} is no file, but of the kind ${stat.kind}`);
    }
    size = stat.size;
    start = readStart(sys, path);
  } catch (error) {
    if (!(error instanceof SysError) || isForRootOnly(error, sys)) throw error;
    const missing = error.code === "ENOENT" || error.code === "ENOTDIR";
    return failed(missing ? `there is no ${path}` : `${path} cannot be read (${error.code})`);
  }
  const format = recognise(kind, start);
  if (format === undefined) {
    return failed(start.length === 0 ? `${path} is empty` : `${path} does not begin as ${article[kind]} does`);
  }
  const here = architectureOf(sys.uname().machine);
  if (format.architecture !== undefined && here !== undefined && format.architecture !== here) {
    return failed(`${path} is for ${format.architecture}, this machine is ${here}`);
  }
  return { result: "ok", reason: path, details: [`${format.name}, ${formatSize(size)}`] };
}

const article: Readonly<Record<GuestFileKind, string>> = {
  kernel: "a kernel",
  initrd: "an initrd",
  image: "a disk image",
};
/** An ext4 file system shows itself behind the first KiB. */
const startBytes = 2048;

function readStart(sys: HostSys, path: string): Uint8Array {
  const buffer = new Uint8Array(startBytes);
  const fd = sys.open(path);
  try {
    return buffer.subarray(0, sys.pread(fd, buffer, 0));
  } finally {
    sys.close(fd);
  }
}

/** The guest has what containers need: the agent, and crun. */
export const guestContentProbe: Probe = {
  id: "guest-content",
  title: "agent and crun",
  needed: "required",
  run: withConfiguration(({ hypervisor }, { sys }) => {
    const { path } = hypervisor.boot;
    const directory = path.slice(0, path.lastIndexOf("/"));
    const again = "Build the guest again: kata-ctl guest build --force";
    let manifest: ReturnType<typeof readManifest>;
    try {
      manifest = readManifest(sys, `${directory}/manifest.json`);
    } catch (error) {
      if (!(error instanceof KataError)) throw error;
      return { result: "warning", reason: error.message, remedy: again };
    }
    if (manifest === null)
      return { result: "skipped", reason: "the guest was built by others: it has no manifest.json" };
    const crun = manifest.packages?.find(({ name }) => name === "crun");
    if (crun === undefined || manifest.agent === undefined) {
      const missing = [...(crun === undefined ? ["crun"] : []), ...(manifest.agent === undefined ? ["agent"] : [])];
      return { result: "failed", reason: `the guest has no ${missing.join(" and no ")}`, remedy: again };
    }
    const told = manifest.files?.find(({ name }) => path.endsWith(`/${name}`))?.size;
    const size = sizeOf(sys, path);
    if (told !== undefined && size !== undefined && told !== size) {
      const reason = `${path} has ${size} bytes, its manifest.json says ${told}: the file was changed or cut`;
      return { result: "warning", reason, remedy: again };
    }
    const { sha256 } = manifest.agent;
    return { result: "ok", reason: `crun ${crun.version}`, details: [`agent with sha256 ${sha256.slice(0, 16)}`] };
  }),
};

function sizeOf(sys: HostSys, path: string): number | undefined {
  try {
    return sys.stat(path).size;
  } catch (error) {
    // That it is missing is another probe's finding.
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw error;
  }
}

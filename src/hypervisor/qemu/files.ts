import { KataError } from "../../base/error.ts";
import type { HypervisorConfig } from "../../config/runtime-config.ts";
import { SysError } from "../../sys/error.ts";
import type { FileStat, FilesPort } from "../../sys/port/files.ts";

type FileSys = Pick<FilesPort, "stat" | "exists">;

/** A file that a VM needs: which key names it, and what to do when it is missing. */
interface NeededFile {
  readonly key: string;
  readonly what: string;
  readonly path: string;
  readonly hint: string;
  readonly executable?: boolean;
}

/** Checks that the files of a configuration are there. Throws KataError that names key, path and remedy. */
export function checkFiles(sys: FileSys, config: HypervisorConfig): void {
  const { boot } = config;
  const guestHint = "Build the guest with `kata-ctl guest build` or `make build`, or set the key to an existing file";
  needFile(sys, {
    key: "path",
    what: "QEMU",
    path: config.path,
    hint: "Install QEMU (Debian: qemu-system-x86), or set the key to its executable",
    executable: true,
  });
  needFile(sys, { key: "kernel", what: "The guest's kernel", path: config.kernelPath, hint: guestHint });
  needFile(sys, { key: boot.kind, what: `The guest's ${boot.kind}`, path: boot.path, hint: guestHint });
  if (config.firmware !== "") {
    const hint = 'Set the key to an existing file, or to "" for QEMU\'s own';
    needFile(sys, { key: "firmware", what: "The firmware", path: config.firmware, hint });
  }
}

function needFile(sys: FileSys, { key, what, path, hint, executable }: NeededFile): FileStat {
  const field = `hypervisor.qemu.${key}`;
  let stat: FileStat;
  try {
    stat = sys.stat(path);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    const missing = error.code === "ENOENT" || error.code === "ENOTDIR";
    const text = `${what} ${missing ? "does not exist" : "cannot be used"}: ${field} is ${path}`;
    throw new KataError(missing ? "not-found" : "failed-precondition", text, {
      field,
      hint,
      ...(missing ? {} : { cause: error }),
    });
  }
  const wrong =
    stat.kind !== "file" ? "is not a file" : executable && (stat.mode & 0o111) === 0 ? "is not executable" : "";
  if (wrong === "") return stat;
  throw new KataError("failed-precondition", `${what} ${wrong}: ${field} is ${path}`, { field, hint });
}

/**
 * The firmware to start a kernel with: qboot, made for nothing else, saves 60 ms of SeaBIOS under TCG. Undefined where it is
 * not installed: QEMU then takes its default.
 */
export function kernelFirmware(sys: FileSys, config: HypervisorConfig): string | undefined {
  if (config.firmware !== "") return config.firmware;
  // microvm brings its own; an nvdimm is described by tables that qboot does not relocate.
  if (config.machineType !== "q35" || (config.boot.kind === "image" && config.boot.driver === "nvdimm"))
    return undefined;
  const prefix = config.path.replace(/\/[^/]+\/[^/]+$/, "");
  return [`${prefix}/share/qemu/qboot.rom`, "/usr/share/qemu/qboot.rom"].find((path) => sys.exists(path));
}

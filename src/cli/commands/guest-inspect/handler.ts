import { KataError } from "../../../base/error.ts";
import { loadRuntimeConfig } from "../../../config/load.ts";
import { isErrno } from "../../../sys/error.ts";
import type { FilesPort } from "../../../sys/port/files.ts";
import type { CommandContext } from "../../context.ts";

/** The parts of a guest's manifest.json that are shown; the file has more (guest/README.md). */
export interface GuestManifest {
  readonly version: number;
  readonly architecture: string;
  readonly kernel: { readonly flavour: string; readonly release: string };
  readonly agent: { readonly size: number; readonly sha256: string };
  readonly packages: readonly { readonly role: string; readonly name: string; readonly version: string }[];
  readonly modules: readonly { readonly name: string }[];
  readonly files: readonly {
    readonly name: string;
    readonly format: string;
    readonly size: number;
    readonly sha256: string;
  }[];
  readonly initrd: { readonly unpackedSize: number };
}

/** A file of the guest. */
export interface GuestFile {
  readonly path: string;
  /** Bytes; null when the file is missing. */
  readonly size: number | null;
}

/** The guest that containers get. The shape is a contract; fields are only ever added. */
export interface GuestDetails {
  readonly configuration: string | null;
  readonly kernel: GuestFile;
  readonly boot: GuestFile & { readonly kind: "initrd" | "image" };
  /** Null for a guest that was not built by us. */
  readonly manifest: GuestManifest | null;
}

const maxManifest = 4 << 20;

/** Reads the configuration and the manifest beside the guest's files. Throws `data-loss` for a damaged manifest. */
export function inspectGuest(context: CommandContext): GuestDetails {
  const { global, sys } = context;
  const { hypervisor, source } = loadRuntimeConfig({ sys }, global.config === undefined ? {} : { path: global.config });
  const directory = hypervisor.boot.path.replace(/\/[^/]*$/, "");
  return {
    configuration: source ?? null,
    kernel: fileOf(context, hypervisor.kernelPath),
    boot: { kind: hypervisor.boot.kind, ...fileOf(context, hypervisor.boot.path) },
    manifest: readManifest(sys, `${directory}/manifest.json`),
  };
}

function fileOf({ sys }: CommandContext, path: string): GuestFile {
  try {
    return { path, size: sys.stat(path).size };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return { path, size: null };
    throw error;
  }
}

/** The manifest at `path`; null when there is none. Throws KataError `data-loss` for a damaged one. */
export function readManifest(sys: Pick<FilesPort, "exists" | "readText">, path: string): GuestManifest | null {
  if (!sys.exists(path)) return null;
  try {
    return JSON.parse(sys.readText(path, maxManifest)) as GuestManifest;
  } catch (error) {
    throw new KataError("data-loss", `The guest's manifest ${path} is damaged`, {
      hint: "build the guest again: kata-ctl guest build --force",
      cause: error,
    });
  }
}

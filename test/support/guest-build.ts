import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");

/** Where the packages of `make build` are kept. */
export const cache = process.env.KATA_CACHE_DIR ?? path.join(root, "out/cache");

const builtAgent = path.join(root, "out/libexec/kata-agent");

/** The real agent when it is built, else another static program: the build does not look inside. */
export const agent = existsSync(builtAgent) ? builtAgent : "/bin/busybox";

export interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

/** Runs guest/build.sh with these arguments, in a shell that first does `prepare` (e.g. `umask 077`). */
export function buildGuest(args: readonly string[], prepare = ":"): Ended {
  const script = `${prepare}; exec "$@"`;
  const { status, stderr } = spawnSync("bash", ["-c", script, "bash", path.join(root, "guest/build.sh"), ...args], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, stderr };
}

export interface ModuleRecord {
  readonly name: string;
  readonly when: string;
  readonly file: string | null;
  readonly dependencies: readonly string[];
}

export interface Manifest {
  readonly version: number;
  readonly key: string;
  readonly architecture: string;
  readonly kernel: { readonly flavour: string; readonly release: string };
  readonly agent: { readonly path: string; readonly size: number; readonly sha256: string };
  readonly options: Readonly<Record<string, unknown>>;
  readonly packages: readonly {
    readonly role: string;
    readonly name: string;
    readonly version: string;
    readonly sha256: string;
  }[];
  readonly modules: readonly ModuleRecord[];
  readonly files: readonly {
    readonly name: string;
    readonly format: string;
    readonly size: number;
    readonly sha256: string;
  }[];
  readonly initrd: { readonly unpackedSize: number };
}

export function readManifest(guest: string): Manifest {
  return JSON.parse(readFileSync(path.join(guest, "manifest.json"), "utf8")) as Manifest;
}

export function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** SHA-256 of every file of a guest, by name. */
export function checksums(guest: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(guest)
      .sort()
      .map((name) => [name, sha256(path.join(guest, name))]),
  );
}

/** Unpacks an initrd that was built with `--compression none`. */
export function unpackInitrd(initrd: string, into: string): void {
  execFileSync("cpio", ["-idm", "--quiet"], { cwd: into, input: readFileSync(initrd) });
}

/** The modules that a .ko file says it needs, with the names of the table. */
export function moduleDepends(file: string): string[] {
  const found = /\0depends=([^\0]*)\0/.exec(readFileSync(file, "latin1"))?.[1] ?? "";
  return found
    .replaceAll("-", "_")
    .split(",")
    .filter((name) => name !== "");
}

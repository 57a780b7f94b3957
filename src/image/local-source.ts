import type { CallOptions } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FileStat } from "../sys/port/files.ts";
import type { Sys } from "../sys/sys.ts";
import { canonicalName, type ImageSource, parseReference } from "./reference.ts";
import type { CopySource } from "./skopeo.ts";
import { compressionOf, peekArchive } from "./tar-peek.ts";
import { type ToolRunner, toolFailure, tools } from "./tool.ts";

/** An image in a file or a directory. */
export type LocalSource = Exclude<ImageSource, { readonly kind: "registry" }>;

const stage = { stage: "prepare-image", field: "image" } as const;

/** Makes a source's path absolute, and sees whether it is there. Throws `not-found` and `invalid-argument`. */
export function locateSource<S extends LocalSource>(
  sys: Sys,
  source: S,
): { readonly source: S; readonly stat: FileStat } {
  const path = source.path.startsWith("/") ? source.path : `${sys.cwd()}/${source.path}`;
  const located = { ...source, path };
  let stat: FileStat;
  try {
    stat = sys.stat(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    throw new KataError("not-found", `There is no image archive ${path}`, {
      ...stage,
      hint: "check the path; a relative one begins at the working directory",
      cause: error,
    });
  }
  if ((source.kind === "docker-archive" || source.kind === "oci-archive") && stat.kind === "directory") {
    throw new KataError("invalid-argument", `${path} is a directory, not an archive`, {
      ...stage,
      hint: `for an OCI layout write oci:${path}`,
    });
  }
  return { source: located, stat };
}

/** By which a later look sees whether an archive changed; layouts are looked at anew each time. */
export function stampOf({ inode, kind, modifiedMs, size }: FileStat): string {
  return kind === "file" ? `${size}-${modifiedMs}-${inode}` : "";
}

/**
 * What to copy for a located source, and the image's own name, if it has one that is allowed. A compressed archive is
 * unpacked into the directory that `scratch` makes; the caller removes it.
 */
export async function openSource(
  deps: { readonly sys: Sys; readonly runner: ToolRunner },
  source: LocalSource,
  scratch: () => string,
  options: CallOptions,
): Promise<{ readonly source: CopySource; readonly name: string | undefined }> {
  const fileName = source.path.replace(/\/+$/, "").replace(/^.*\//, "");
  const baseName = fileName.replace(/\.(tar|tgz|oci|tar\.\w+)$/, "");
  if (deps.sys.stat(source.path).kind === "directory") {
    const layout: CopySource = source.kind === "path" ? { kind: "oci", path: source.path, member: undefined } : source;
    return { source: layout, name: firstName([baseName]) };
  }
  const path = await decompressed(deps, source.path, scratch, options);
  const { kind, names } = peekArchive(deps.sys, path);
  const copied: CopySource = source.kind === "path" ? { kind, path, member: undefined } : { ...source, path };
  const member = copied.kind === "docker-archive" && copied.member !== undefined ? [copied.member] : names;
  return { source: copied, name: firstName([...member, baseName]) };
}

async function decompressed(
  deps: { readonly sys: Sys; readonly runner: ToolRunner },
  path: string,
  scratch: () => string,
  options: CallOptions,
): Promise<string> {
  const compression = compressionOf(deps.sys, path);
  if (compression === undefined) return path;
  const tool = tools[compression];
  deps.runner.find(tool);
  const target = `${scratch()}/archive.tar`;
  const script = 'exec "$1" -dc < "$2" > "$3"';
  const result = await deps.runner.run(tools.sh, { ...options, args: ["-c", script, "sh", tool.name, path, target] });
  if (result.status.kind === "exited" && result.status.code === 0) return target;
  const full = /no space left|quota exceeded/i.test(result.stderr);
  throw new KataError(
    full ? "resource-exhausted" : "data-loss",
    full ? `No room left to unpack ${path}` : `Image archive ${path} is broken`,
    {
      ...stage,
      hint: full
        ? "free some, for example with: kata-ctl rmi IMAGE"
        : "make it again, and compare its size and checksum with the original's",
      cause: toolFailure(tool, result),
    },
  );
}

function firstName(candidates: readonly string[]): string | undefined {
  for (const candidate of candidates) {
    try {
      return canonicalName(parseReference(candidate));
    } catch {
      // Not a name: the next one may be.
    }
  }
  return undefined;
}

import { utf8Decode } from "../base/bytes.ts";
import { capture } from "../sys/capture.ts";
import { isErrno } from "../sys/error.ts";
import type { Loop } from "../sys/loop.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { Sys } from "../sys/sys.ts";

/** Where programs are looked for: what a daemon's PATH mostly is. */
const directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** Telling a version takes a program milliseconds. */
const askMs = 3000;

/** The first of the usual directories' files of this name. */
export function findProgram(sys: Pick<FilesPort, "stat">, name: string): string | undefined {
  return directories.map((directory) => `${directory}/${name}`).find((path) => isFile(sys, path));
}

function isFile(sys: Pick<FilesPort, "stat">, path: string): boolean {
  try {
    return sys.stat(path).kind === "file";
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return false;
    throw error;
  }
}

/**
 * The first line that a program answers `--version` with; empty when it says nothing. Throws SysError when it cannot be
 * started, KataError `deadline-exceeded` when it does not end within 3 s.
 */
export async function askVersion(deps: { readonly sys: Sys; readonly loop: Loop }, path: string): Promise<string> {
  const { stdout } = await capture(deps, {
    spawn: { path, argv: [path, "--version"], env: deps.sys.environment() },
    timeoutMs: askMs,
  });
  return utf8Decode(stdout).split("\n")[0]?.trim() ?? "";
}

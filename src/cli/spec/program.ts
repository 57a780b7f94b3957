import { KataError } from "../../base/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { findInRoot } from "./in-root.ts";

/** `field` of the errors about the program: by it the exit codes 126 and 127 are told from other failures. */
export const programField = "process.args[0]";

/** What is looked at to tell whether a program can run. */
export interface ProgramCheck {
  /** The root file system on the host. */
  readonly root: string;
  readonly program: string;
  readonly cwd: string;
  /** The container's PATH. */
  readonly searchPath: string;
  /** Where something is mounted over the root file system: what is below cannot be judged from here. */
  readonly mounted: readonly string[];
}

/**
 * Finds out before a VM is started whether the image has the program. Throws `not-found` when it certainly does not,
 * and `permission-denied` when it is a directory or nobody may execute it; in doubt the guest decides.
 */
export function requireProgram(sys: FilesPort, check: ProgramCheck): void {
  const { program } = check;
  const candidates = program.includes("/")
    ? [program.startsWith("/") ? program : `${check.cwd}/${program}`]
    : check.searchPath.split(":").map((directory) => `${directory || check.cwd}/${program}`);
  let refusal: KataError | undefined;
  for (const candidate of candidates) {
    if (!candidate.startsWith("/") || below(candidate, check.mounted)) return;
    const found = findInRoot(sys, check.root, candidate);
    if (below(`/${found.path}`, check.mounted)) return;
    if (found.stat === undefined) continue;
    if (found.stat.kind === "file" && (found.stat.mode & 0o111) !== 0) return;
    refusal ??= new KataError("permission-denied", `Program "${program}" is not executable`, {
      stage: "create-container",
      field: programField,
      cause: new Error(
        found.stat.kind === "directory"
          ? `/${found.path} is a directory`
          : `/${found.path} has no execute permission (mode ${found.stat.mode.toString(8)})`,
      ),
    });
  }
  throw (
    refusal ??
    new KataError("not-found", `Program "${program}" does not exist in the container`, {
      stage: "create-container",
      field: programField,
      ...(program.includes("/") ? {} : { hint: `searched: ${check.searchPath}` }),
    })
  );
}

/** Whether `path` is one of the directories, or below one. */
export function below(path: string, directories: readonly string[]): boolean {
  return directories.some(
    (directory) => path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`),
  );
}

import { KataError } from "../../base/error.ts";
import type { ImageConfig } from "../../oci/image.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { findInRoot, readInRoot } from "./in-root.ts";
import { below } from "./program.ts";
import { type ResolvedUser, resolveUser } from "./user-database.ts";

const databaseBytes = 4 << 20;

/**
 * The arguments of a container's process: `--entrypoint` or the image's, then what the user gave or the image's CMD,
 * which goes when the user names either (Dockerfile reference, "CMD and ENTRYPOINT"). Throws `invalid-argument` when
 * nothing is left.
 */
export function chooseArguments(
  image: Pick<ImageConfig, "entrypoint" | "cmd"> | undefined,
  given: { readonly entrypoint: string | undefined; readonly args: readonly string[] },
): string[] {
  const own =
    given.entrypoint === undefined ? (image?.entrypoint ?? []) : given.entrypoint === "" ? [] : [given.entrypoint];
  const rest = given.args.length > 0 ? given.args : given.entrypoint === undefined ? (image?.cmd ?? []) : [];
  const args = [...own, ...rest];
  if (args.length > 0 && args[0] !== "") return args;
  throw new KataError("invalid-argument", "There is no command to run", {
    stage: "prepare-sandbox",
    field: "process.args",
    hint: "the image names none: give one after the image",
  });
}

/** The user of a process, looked up in the image's own files. */
export function lookUpUser(sys: FilesPort, root: string, user: string): ResolvedUser {
  return resolveUser(user, {
    passwd: readInRoot(sys, root, "/etc/passwd", databaseBytes),
    group: readInRoot(sys, root, "/etc/group", databaseBytes),
  });
}

/** Checks the working directory that the user asked for. Throws `not-found` or `invalid-argument`. */
export function requireDirectory(sys: FilesPort, root: string, path: string, mounted: readonly string[]): void {
  if (below(path, mounted)) return;
  const { path: resolved, stat } = findInRoot(sys, root, path);
  if (stat?.kind === "directory" || below(`/${resolved}`, mounted)) return;
  const details = { stage: "prepare-sandbox", field: "process.cwd" } as const;
  if (stat !== undefined) {
    throw new KataError("invalid-argument", `Working directory "${path}" is not a directory in the image`, {
      ...details,
      hint: "name a directory, or leave -w out",
    });
  }
  throw new KataError("not-found", `Working directory "${path}" does not exist in the image`, {
    ...details,
    hint: "leave -w out, or mount a directory there with -v",
  });
}

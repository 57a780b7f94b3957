import { utf8Decode } from "../../base/bytes.ts";
import type { CopyFileRequest } from "../../wire/gen/agent/agent.ts";
import { invalid, isNormalPath, isWithin, KATA_DIR, tidyPath } from "../container/rules.ts";

/** Where files may be copied to: the directory that a shared file system would be mounted on. */
export const SHARE_DIR = `${KATA_DIR}/shared/containers`;

/** What a CopyFile request asks for; `path` is normal and below SHARE_DIR. */
export type CopyPlan = {
  readonly path: string;
  /** Permissions of parent directories that have to be created. */
  readonly dirMode: number;
  readonly uid: number;
  readonly gid: number;
} & (
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "symlink"; readonly target: string }
  | {
      readonly kind: "file";
      readonly mode: number;
      readonly offset: number;
      readonly data: Uint8Array;
      /** This part completes the file. */
      readonly complete: boolean;
    }
);

// File type bits of st_mode (inode(7)).
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const SET_ID = 0o6000;
const TARGET_LIMIT = 4096;
const KEEP_OWNER = -1;

/** Checks a request by rules and says what to do. Throws `invalid-argument` naming the field. */
export function planCopy(request: CopyFileRequest): CopyPlan {
  const path = tidyPath(request.path);
  if (!isNormalPath(path) || !isWithin(path, SHARE_DIR) || path === SHARE_DIR) {
    throw invalid(
      "path",
      `path must lie below ${SHARE_DIR} without .., got ${JSON.stringify(request.path.slice(0, 200))}`,
    );
  }
  const dirMode = request.dirMode === 0 ? 0o755 : request.dirMode & 0o1777;
  const common = { path, dirMode, uid: owner("uid", request.uid), gid: owner("gid", request.gid) };
  const type = request.fileMode & S_IFMT;
  const mode = request.fileMode & 0o7777;
  switch (type) {
    case S_IFDIR:
      return { ...common, kind: "directory", mode: mode === 0 ? dirMode : mode };
    case S_IFLNK:
      return { ...common, kind: "symlink", target: linkTarget(path, request.data) };
    case S_IFREG:
    case 0:
      return { ...common, kind: "file", ...filePart(request, mode) };
    default:
      throw invalid(
        "file_mode",
        `Only files, directories and symbolic links can be copied, got mode ${request.fileMode.toString(8)}`,
      );
  }
}

function owner(field: string, id: number): number {
  if (id < KEEP_OWNER) throw invalid(field, `${field} must be a user or group id, got ${id}`);
  return id;
}

/** A link that leads out of its directory, or that stands where mounts are found, would redirect later writes (CVE-2026-41326). */
function linkTarget(path: string, data: Uint8Array): string {
  const target = utf8Decode(data);
  const parts = target.split("/");
  if (
    target === "" ||
    data.length > TARGET_LIMIT ||
    target.includes("\0") ||
    target.startsWith("/") ||
    parts.includes("..")
  ) {
    throw invalid(
      "data",
      `A symbolic link must lead to a relative path without .., got ${JSON.stringify(target.slice(0, 200))}`,
    );
  }
  if (!path.slice(SHARE_DIR.length + 1).includes("/")) {
    throw invalid("path", `A symbolic link cannot stand directly in ${SHARE_DIR}`);
  }
  return target;
}

function filePart({ offset, fileSize, data }: CopyFileRequest, mode: number) {
  if ((mode & SET_ID) !== 0) throw invalid("file_mode", "A copied file cannot have a set-user-id or set-group-id bit");
  const end = offset + BigInt(data.length);
  if (fileSize < 0n || offset < 0n || end > fileSize) {
    throw invalid("offset", `offset and data must lie within file_size, got ${offset} + ${data.length} of ${fileSize}`);
  }
  if (data.length === 0 && fileSize > 0n) throw invalid("data", "A part of a file must have data");
  if (fileSize > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid("file_size", `file_size is too large: ${fileSize}`);
  return { mode: mode & 0o1777, offset: Number(offset), data, complete: end === fileSize };
}

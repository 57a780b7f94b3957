import { KataError } from "../base/error.ts";
import {
  absolutePath,
  type Check,
  FieldProblem,
  integer,
  list,
  matching,
  object,
  oneOf,
  text,
  withDefault,
} from "../oci/check.ts";
import { parseJson } from "../oci/json.ts";
import type { JoinedLink } from "../resource/network/unjoin.ts";
import type { UndoOperation } from "../resource/undo.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { ProcessesPort } from "../sys/port/processes.ts";
import { RECORD_VERSION, recordPath, type SandboxRecord } from "./record.ts";

const joinedLink: Check<JoinedLink> = object<JoinedLink>({
  netns: absolutePath,
  inode: matching(/^\d{1,20}$/, "an inode number"),
  link: text,
  index: withDefault(integer(0, 0x7fffffff), 0),
  tap: matching(/^tap\d{1,4}_kata$/, "the name of a tap"),
});

const undoOperation: Check<UndoOperation> = (value) => {
  const { kind } = object<{ kind: UndoOperation["kind"] }>({
    kind: oneOf(["kill", "unmount", "remove-file", "remove-directory", "remove-tree", "remove-cgroup", "unjoin-link"]),
  })(value);
  if (kind === "kill") {
    const fields = object<{ pid: number; startTicks: string; what: string }>({
      pid: integer(2, 0x7fffffff),
      startTicks: text,
      what: text,
    })(value);
    return { kind, ...fields };
  }
  if (kind === "unjoin-link") return { kind, ...joinedLink(value) };
  const { path } = object<{ path: string }>({ path: absolutePath })(value);
  return { kind, path };
};

const recordCheck = object<SandboxRecord>({
  version: () => RECORD_VERSION,
  sandboxId: text,
  bundle: text,
  namespace: withDefault(text, ""),
  state: oneOf(["starting", "running", "stopped"]),
  createdMs: withDefault(integer(0, Number.MAX_SAFE_INTEGER), 0),
  shimPid: integer(0, 0x7fffffff),
  hypervisor: withDefault(text, ""),
  socket: withDefault(text, ""),
  containers: list(object<{ id: string; bundle: string }>({ id: text, bundle: text }), 4096),
  undo: list(undoOperation, 65_536),
});

/**
 * Reads a record; undefined when there is none. Throws KataError `failed-precondition` for a record of another version,
 * which only the program that wrote it can understand, and `data-loss` for a damaged one.
 */
export function readRecord(
  sys: Pick<FilesPort, "readText" | "lstat"> & Pick<ProcessesPort, "uid">,
  stateDir: string,
): SandboxRecord | undefined {
  const path = recordPath(stateDir);
  let json: string;
  try {
    const { kind, uid } = sys.lstat(path);
    // Somebody else's file could make us remove anything.
    if (kind !== "file" || uid !== sys.uid()) {
      throw new KataError(
        "permission-denied",
        `${path} must be a file of user ${sys.uid()}, it is a ${kind} of ${uid}`,
      );
    }
    json = sys.readText(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
  return parseRecord(json, path);
}

/** Reads the text of a record; `path` is for messages. */
export function parseRecord(json: string, path: string): SandboxRecord {
  try {
    const value = parseJson(json, "The record");
    const { version } = object<{ version: number }>({ version: integer(0, 0xffffffff) })(value);
    if (version !== RECORD_VERSION) {
      throw new KataError(
        "failed-precondition",
        `${path} is of version ${version}, this program knows ${RECORD_VERSION}`,
        {
          hint: "Remove the sandbox with the version of kata-ts that created it",
        },
      );
    }
    const record = recordCheck(value);
    for (const operation of record.undo) checkExtent(operation, record.sandboxId);
    return record;
  } catch (error) {
    if (error instanceof KataError && error.code === "failed-precondition") throw error;
    const problem = error instanceof FieldProblem ? new Error(`${error.path} ${error.message}`) : error;
    throw new KataError("data-loss", `${path} is damaged`, { cause: problem });
  }
}

/** Whole trees are removed only where the path says whose they are: no slip may reach further. */
function checkExtent(operation: UndoOperation, sandboxId: string): void {
  if (operation.kind !== "remove-tree") return;
  if (sandboxId === "" || !operation.path.split("/").includes(sandboxId)) {
    throw new FieldProblem(`must lie below a directory of ${sandboxId}, got ${operation.path}`).within("undo");
  }
}

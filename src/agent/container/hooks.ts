import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import type { Json } from "./json.ts";
import { invalid, isNormalPath } from "./rules.ts";

/** Sub-directories of the guest's hook directory, and what the specification calls these hooks. */
const HOOK_KINDS = ["prestart", "poststart", "poststop"] as const;

/**
 * Hooks that the guest image brings: every executable file in `prestart/`, `poststart/` and `poststop/` below `dir`, in
 * the order of their names. Undefined when there are none.
 */
export function findGuestHooks(sys: FilesPort, dir: string): Json | undefined {
  if (dir === "") return undefined;
  if (!isNormalPath(dir))
    throw invalid("guest_hook_path", `The hook directory must be an absolute path, got ${JSON.stringify(dir)}`);
  const hooks: Record<string, Json> = {};
  for (const kind of HOOK_KINDS) {
    const found = executables(sys, `${dir}/${kind}`).map((path) => ({ path, args: [path], env: [] }));
    if (found.length > 0) hooks[kind] = found;
  }
  return Object.keys(hooks).length === 0 ? undefined : hooks;
}

function executables(sys: FilesPort, dir: string): string[] {
  try {
    return sys
      .readDir(dir)
      .map(({ name }) => `${dir}/${name}`)
      .filter((path) => {
        const stat = sys.stat(path);
        return stat.kind === "file" && (stat.mode & 0o111) !== 0;
      });
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

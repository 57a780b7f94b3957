import { KataError } from "../../base/error.ts";

/** The last error in crun's JSON log; undefined when there is none. */
export function lastCrunError(log: string): string | undefined {
  const lines = log.trim().split("\n");
  for (const line of lines.reverse()) {
    try {
      const record: unknown = JSON.parse(line);
      if (typeof record === "object" && record !== null && "msg" in record && typeof record.msg === "string")
        return record.msg;
    } catch {
      // A cut line: the one before it may be whole.
    }
  }
  return undefined;
}

/**
 * A typed error for what crun said. The texts about programs are runc's, on which tools rely: `not-found` stands for
 * the shell's exit status 127, `permission-denied` about the program for 126.
 */
export function crunError(message: string, program: string): KataError {
  const quoted = JSON.stringify(program);
  if (/^(?:open executable|executable file `|the path `.*` exists but)/.test(message)) {
    const field = { field: "process.args" };
    if (!/No such file|not found/.test(message))
      return new KataError("permission-denied", `exec: ${quoted}: permission denied`, field);
    const why = program.includes("/")
      ? `stat ${program}: no such file or directory`
      : "executable file not found in $PATH";
    return new KataError("not-found", `exec: ${quoted}: ${why}`, field);
  }
  const cwd = /^chdir(?: to)? `(.*)`: (.*)$/.exec(message);
  if (cwd !== null) {
    return new KataError("not-found", `Working directory ${JSON.stringify(cwd[1])}: ${lowerFirst(cwd[2] ?? "")}`, {
      field: "process.cwd",
    });
  }
  if (/No such file or directory$/.test(message)) return new KataError("not-found", `crun: ${message}`);
  if (/Cannot allocate memory$/.test(message)) return new KataError("resource-exhausted", `crun: ${message}`);
  return new KataError("internal", `crun: ${message}`);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

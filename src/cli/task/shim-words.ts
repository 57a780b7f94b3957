import { causeChain } from "../../base/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";

/** Why a sandbox failed according to its shim's log; undefined when the log does not say. */
export function lastFailure(sys: FilesPort, shimLog: string): string | undefined {
  let text: string;
  try {
    text = sys.readText(shimLog, 64 << 20);
  } catch (error) {
    return `The shim's log cannot be read: ${causeChain(error).join(": ")}`;
  }
  const line = text
    .split("\n")
    .filter((candidate) => candidate.includes('msg="sandbox failed"'))
    .pop();
  const quoted = line === undefined ? undefined : /\berror=("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1];
  if (quoted === undefined) return undefined;
  const words = quoted.startsWith('"') ? (JSON.parse(quoted) as string) : quoted;
  return words.replace(/^[a-z-]+: /, "");
}

import { causeChain, type KataError } from "../../../base/error.ts";
import { InterruptedError } from "./handler.ts";

/** docker's codes for a container that could not be run: 126 and 127 for its program, 125 for everything else. */
export function runFailureCode(error: KataError): number {
  const interruption = findInterruption(error);
  if (interruption !== undefined) return 128 + interruption.signal;
  if (error.field?.startsWith(argumentsField)) {
    if (error.code === "not-found") return 127;
    if (error.code === "permission-denied") return 126;
  }
  const words = causeChain(error).join("\n");
  if (notFound.test(words)) return 127;
  return notExecutable.test(words) ? 126 : 125;
}

/** Errors about the program to run name this field, or the first element of it. */
const argumentsField = "process.args";
/** What OCI runtimes say of a program in the guest, for agents that name no field. */
const notFound = /\bexec: .*(executable file .*not found|no such file or directory)/;
const notExecutable = /\bexec: .*(permission denied|is a directory|exec format error)/;

function findInterruption(error: Error): InterruptedError | undefined {
  let depth = 0;
  for (let link: unknown = error; link instanceof Error && depth < 16; link = link.cause) {
    if (link instanceof InterruptedError) return link;
    depth++;
  }
  return undefined;
}

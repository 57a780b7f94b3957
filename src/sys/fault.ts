import type { KataError } from "../base/error.ts";

/** An error as text for logs: name, message and stack, as `map` has it, of each link of the cause chain, at most 8 links. */
export function describeFault(error: unknown, map: (stack: string) => string): string {
  const parts: string[] = [];
  for (let link = error; parts.length < 8 && (parts.length === 0 || (link !== undefined && link !== null)); ) {
    const prefix = parts.length === 0 ? "" : "caused by ";
    if (!(link instanceof Error)) {
      // An object's own toString could throw.
      const plain = typeof link !== "object" || link === null;
      parts.push(`${prefix}${plain ? String(link) : Object.prototype.toString.call(link)}`);
      break;
    }
    // By name: every program and realm loads this, and may do without the class.
    const code = link.name === "KataError" ? ` ${(link as KataError).code}` : "";
    const stack = map(framesOf(link)).trimEnd();
    parts.push(`${prefix}${link.name}${code}: ${link.message}${stack === "" ? "" : `\n${stack}`}`);
    link = link.cause;
  }
  return parts.join("\n");
}

/**
 * Only the frames: V8's stacks begin with the message, QuickJS's do not. What is below a promise job is the event loop,
 * the same for every job.
 */
function framesOf(error: Error): string {
  const stack = typeof error.stack === "string" ? error.stack : "";
  const frames = stack.split("\n").filter((line) => /^\s*at /.test(line));
  const job = frames.findIndex((line) => line.includes("at runJobs (native)"));
  return (job > 0 ? frames.slice(0, job) : frames).join("\n");
}

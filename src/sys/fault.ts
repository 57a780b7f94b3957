import { KataError } from "../base/error.ts";
import type { SourcePosition } from "./line-map.ts";

/** Finds the TypeScript position behind a bundle's position. */
export type FrameMapper = (module: string, line: number, column: number) => SourcePosition | undefined;

const frame = /(?:(\S+) \()?([\w.-]+\.js):(\d+):(\d+)/g;

/** Rewrites an engine's stack to TypeScript positions and names. */
export function mapStack(stack: string, map: FrameMapper): string {
  return stack.replace(
    frame,
    (text: string, name: string | undefined, module: string, line: string, column: string) => {
      const position = map(module, Number(line), Number(column));
      if (position === undefined) return text;
      const where = `${position.source}:${position.line}`;
      return name === undefined ? where : `${position.name ?? name} (${where}`;
    },
  );
}

/** An error as text for logs: name, message and stack of each link of the cause chain, at most 8 links. */
export function describeFault(error: unknown, map: FrameMapper): string {
  const parts: string[] = [];
  for (let link = error; parts.length < 8 && (parts.length === 0 || (link !== undefined && link !== null)); ) {
    const prefix = parts.length === 0 ? "" : "caused by ";
    if (!(link instanceof Error)) {
      // An object's own toString could throw.
      const plain = typeof link !== "object" || link === null;
      parts.push(`${prefix}${plain ? String(link) : Object.prototype.toString.call(link)}`);
      break;
    }
    const code = link instanceof KataError ? ` ${link.code}` : "";
    const stack = mapStack(framesOf(link), map).trimEnd();
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

import { writeFully } from "../../sys/write-fully.ts";
import type { CommandContext } from "../context.ts";
import { printable } from "./style.ts";

/** What is being done right now, for a person who waits. */
export interface Progress {
  /** Replaces what is shown. */
  step(text: string): void;
  /** Takes it away, so that the command's own output stands alone. */
  clear(): void;
}

const frames = ["|", "/", "-", "\\"];
const frameMs = 120;
/** What is over sooner needs no announcement. */
const quietMs = 150;

/** Progress on standard error as `--progress` says; `auto` is a line that moves on a terminal, nothing elsewhere. */
export function makeProgress(context: CommandContext): Progress {
  const { err, global } = context;
  const write = (text: string) => writeFully(context.sys, 2, text);
  switch (global.progress) {
    case "none":
      return silent;
    case "plain":
      return { step: (text) => write(`${printable(text)}\n`), clear: () => {} };
    case "json":
      return { step: (text) => write(`${JSON.stringify({ progress: text })}\n`), clear: () => {} };
    default:
      return err.terminal ? new MovingLine(context, write) : silent;
  }
}

const silent: Progress = { step: () => {}, clear: () => {} };

class MovingLine implements Progress {
  private readonly context: CommandContext;
  private readonly write: (text: string) => void;
  private readonly startedMs: number;
  private text = "";
  private frame = 0;
  private timer: { cancel(): void } | undefined;
  private drawn = false;

  constructor(context: CommandContext, write: (text: string) => void) {
    this.context = context;
    this.write = write;
    this.startedMs = context.loop.nowMs();
  }

  step(text: string): void {
    this.text = text;
    if (this.timer === undefined) this.schedule(quietMs);
    else if (this.drawn) this.draw();
  }

  clear(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.drawn) this.write("\r\u001b[K");
    this.drawn = false;
  }

  private schedule(delayMs: number): void {
    this.timer = this.context.loop.setTimer(delayMs, () => {
      this.frame = (this.frame + 1) % frames.length;
      this.draw();
      this.schedule(frameMs);
    });
  }

  private draw(): void {
    const seconds = ((this.context.loop.nowMs() - this.startedMs) / 1000).toFixed(1);
    const { columns } = this.context.sys.windowSize(2);
    const line = `${frames[this.frame]} ${printable(this.text)} (${seconds} s)`.slice(0, Math.max(20, columns - 1));
    this.write(`\r\u001b[K${this.context.err.style.dim(line)}`);
    this.drawn = true;
  }
}

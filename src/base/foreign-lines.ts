import type { Clock } from "./clock.ts";
import type { Logger, LogLevel } from "./logger.ts";

/** A burst of this many lines passes; a guest that boots with all its messages needs as much. */
const BURST = 1000;
/** Then so many a second. */
const PER_SECOND = 100;
const MAX_LINE_LENGTH = 1024;

/** What a budget needs. */
export interface LineBudgetDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps a source of lines that nobody vouches for from flooding a log: what exceeds its share is dropped and counted. */
export class LineBudget {
  private readonly deps: LineBudgetDeps;
  private readonly source: string;
  private tokens = BURST;
  private filledMs: number;
  private toldMs: number;
  private dropped = 0;

  /** `source` names the lines in the message that tells how many are missing. */
  constructor(deps: LineBudgetDeps, source: string) {
    this.deps = deps;
    this.source = source;
    this.filledMs = deps.clock.nowMs();
    this.toldMs = this.filledMs;
  }

  /** Whether one more line may pass now. */
  take(): boolean {
    const now = this.deps.clock.nowMs();
    this.tokens = Math.min(BURST, this.tokens + ((now - this.filledMs) / 1000) * PER_SECOND);
    this.filledMs = now;
    if (this.dropped > 0 && now - this.toldMs >= 1000) {
      this.deps.logger.warn(`${this.dropped} lines dropped`, { source: this.source });
      this.dropped = 0;
    }
    if (this.tokens < 1) {
      if (this.dropped === 0) this.toldMs = now;
      this.dropped++;
      return false;
    }
    this.tokens--;
    return true;
  }
}

/** Returns a function that copies the lines of another program into a log, each at its level, within a budget. */
export function foreignLines(
  deps: LineBudgetDeps,
  options: { readonly source: string; readonly level: (line: string) => LogLevel },
): (line: string) => void {
  const budget = new LineBudget(deps, options.source);
  return (line) => {
    const level = options.level(line);
    if (line.trim() === "" || !deps.logger.enabled(level) || !budget.take()) return;
    deps.logger.log(level, line.slice(0, MAX_LINE_LENGTH), { source: options.source });
  };
}

import type { TerminalsPort } from "../../sys/port/terminals.ts";

/** Our terminal in raw mode: keys go to the container as they are. Without a terminal nothing happens. */
export class TerminalMode {
  private readonly sys: TerminalsPort;
  private state: Uint8Array | undefined;

  constructor(sys: TerminalsPort) {
    this.sys = sys;
    this.state = sys.isTerminal(0) ? sys.makeRaw(0) : undefined;
  }

  /** Gives the terminal back as it was. */
  restore(): void {
    if (this.state !== undefined) this.sys.restoreTerminal(0, this.state);
    this.state = undefined;
  }
}

/** The size of the terminal that we are at; undefined when we are at none, or it does not know. */
export function terminalSize(sys: TerminalsPort): { readonly rows: number; readonly columns: number } | undefined {
  for (const fd of [1, 0, 2]) {
    if (!sys.isTerminal(fd)) continue;
    const size = sys.windowSize(fd);
    if (size.rows > 0 && size.columns > 0) return size;
  }
  return undefined;
}

/** What the user said about terminals and input. */
export interface TerminalWish {
  readonly interactive: boolean;
  readonly tty: boolean | undefined;
  readonly detached: boolean;
}

/** Whether a process gets a terminal and our input: when the user says nothing, it does when both ends are a terminal. */
export function decideTerminal(
  sys: TerminalsPort,
  { detached, interactive, tty }: TerminalWish,
): { readonly terminal: boolean; readonly stdin: boolean } {
  if (detached) return { terminal: tty ?? false, stdin: false };
  if (tty === undefined && !interactive) {
    const both = sys.isTerminal(0) && sys.isTerminal(1);
    return { terminal: both, stdin: both };
  }
  return { terminal: tty ?? false, stdin: interactive };
}

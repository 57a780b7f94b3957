import { EpollLoop } from "./linux/epoll-loop.ts";
import { faultText } from "./linux/symbolize.ts";
import { linux } from "./linux.ts";
import type { Loop } from "./loop.ts";
import type { Sys } from "./sys.ts";
import { writeFully } from "./write-fully.ts";

/** What a program is given. */
export interface ProgramEnvironment {
  readonly sys: Sys;
  readonly loop: Loop;
}

/** Policies that differ between programs. */
export interface ProgramOptions {
  /**
   * Told of errors that a handler threw or a promise was rejected with while nobody handled it, as text with TypeScript
   * positions. The program goes on. Default: a line on standard error.
   */
  readonly onFault?: (error: unknown, text: string) => void;
  /**
   * Called when `main` itself failed, after the text went to standard error; the process exits with 70 when it
   * returns. PID 1 powers off here, because its exit is a kernel panic.
   */
  readonly onFatal?: (error: unknown, text: string) => void;
}

/** EX_SOFTWARE of sysexits.h. */
const exitFatal = 70;

/**
 * Starts a native program: called once, as the only statement of an entry module. Builds Sys and the loop, calls `main`,
 * runs the loop until its promise settles, and exits with its value. Faults in handlers do not end the program.
 */
export function runProgram(
  main: (env: ProgramEnvironment) => Promise<number> | number,
  options: ProgramOptions = {},
): void {
  const print = (text: string) => writeFully(linux, 2, text);
  const onFault = (error: unknown) => {
    const text = faultText(error);
    if (options.onFault === undefined) print(`fault: ${text}\n`);
    else guarded(() => options.onFault?.(error, text), print);
  };
  const loop = new EpollLoop({ sys: linux }, { onFault });
  let code = exitFatal;
  const end = (value: number) => {
    code = value;
    loop.stop();
  };
  const fail = (error: unknown) => {
    const text = faultText(error);
    print(`fatal: ${text}\n`);
    guarded(() => options.onFatal?.(error, text), print);
    end(exitFatal);
  };
  Promise.resolve({ sys: linux, loop }).then(main).then(end, fail);
  loop.run();
  linux.exit(code);
}

function guarded(run: () => void, print: (text: string) => void): void {
  try {
    run();
  } catch (error) {
    print(`fault: ${faultText(error)}\n`);
  }
}

import type { Loop } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import { ProcessInput } from "./input.ts";
import { ProcessOutput } from "./output.ts";

/** Standard streams of a process in a container, as the host reaches them. */
export interface ProcessStdio {
  readonly stdin: ProcessInput;
  readonly stdout: ProcessOutput;
  /** Absent with a terminal: both outputs come out of it. */
  readonly stderr: ProcessOutput | undefined;
  /** The terminal's master side, for its size. */
  readonly terminal: number | undefined;
}

/** The other ends, to be inherited by crun and the process. */
export interface StdioPipes {
  readonly stdio: ProcessStdio;
  /** stdin, stdout, stderr. The caller closes them once the process has them. */
  readonly childFds: readonly [number, number, number];
}

/** Three pipes of `pipeBytes` capacity each. */
export function openPipes(deps: { readonly sys: Sys; readonly loop: Loop }, pipeBytes: number): StdioPipes {
  const { sys } = deps;
  const opened: number[] = [];
  const pipe = () => {
    const ends = sys.pipe();
    opened.push(...ends);
    sys.setPipeSize(ends[0], pipeBytes);
    return ends;
  };
  try {
    const [childIn, input] = pipe();
    const [output, childOut] = pipe();
    const [errors, childErr] = pipe();
    for (const fd of [input, output, errors]) sys.setNonBlocking(fd, true);
    return {
      stdio: {
        stdin: new ProcessInput(deps, input),
        stdout: new ProcessOutput(deps, output),
        stderr: new ProcessOutput(deps, errors),
        terminal: undefined,
      },
      childFds: [childIn, childOut, childErr],
    };
  } catch (error) {
    for (const fd of opened) sys.close(fd);
    throw error;
  }
}

/** Streams over a terminal's master side, which they take over. */
export function terminalStdio(deps: { readonly sys: Sys; readonly loop: Loop }, master: number): ProcessStdio {
  const { sys } = deps;
  sys.setNonBlocking(master, true);
  // Reading and writing are watched separately, and a descriptor can be watched only once.
  const writing = sys.duplicate(master);
  return {
    stdin: new ProcessInput(deps, writing),
    stdout: new ProcessOutput(deps, master),
    stderr: undefined,
    terminal: master,
  };
}

/** Closes everything; waiting readers get the end of the output. */
export function closeStdio(stdio: ProcessStdio): void {
  stdio.stdin.abandon();
  stdio.stdout.close();
  stdio.stderr?.close();
}

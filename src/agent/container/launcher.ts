import type { CancelSignal } from "../../base/cancel.ts";
import type { Loop } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import { ConsoleSocket } from "./console.ts";
import type { Crun, CrunLaunch } from "./crun.ts";
import { ContainerProcess } from "./process.ts";
import { closeStdio, openPipes, type ProcessStdio, terminalStdio } from "./stdio.ts";

/** A program to be started by crun, and how its host wants to reach it. */
export interface LaunchRequest {
  readonly containerId: string;
  readonly execId: string;
  readonly terminal: boolean;
  /** Its name, for errors. */
  readonly program: string;
  readonly signal?: CancelSignal;
}

/** Starts processes with crun and connects their standard streams. */
export class Launcher {
  private readonly deps: { readonly sys: Sys; readonly loop: Loop };
  private readonly crun: Crun;
  private readonly pipeBytes: number;

  constructor(
    deps: { readonly sys: Sys; readonly loop: Loop; readonly crun: Crun },
    options: { readonly pipeBytes: number },
  ) {
    this.deps = deps;
    this.crun = deps.crun;
    this.pipeBytes = options.pipeBytes;
  }

  /** Calls `run`, which starts the program by crun and returns its pid. When it fails nothing is left open. */
  async launch(request: LaunchRequest, run: (launch: CrunLaunch) => Promise<number>): Promise<ContainerProcess> {
    const { pid, stdio } = await (request.terminal ? this.withTerminal(request, run) : this.withPipes(request, run));
    return new ContainerProcess(this.deps, { execId: request.execId, pid, stdio });
  }

  private async withPipes(request: LaunchRequest, run: (launch: CrunLaunch) => Promise<number>): Promise<Started> {
    const { stdio, childFds } = openPipes(this.deps, this.pipeBytes);
    try {
      return { pid: await run({ ...request, fds: childFds, consoleSocket: undefined }), stdio };
    } catch (error) {
      closeStdio(stdio);
      throw error;
    } finally {
      for (const fd of childFds) this.deps.sys.close(fd);
    }
  }

  private async withTerminal(request: LaunchRequest, run: (launch: CrunLaunch) => Promise<number>): Promise<Started> {
    const socket = new ConsoleSocket(this.deps, this.crun.scratch("sock"));
    try {
      const pid = await run({ ...request, fds: undefined, consoleSocket: socket.path });
      return { pid, stdio: terminalStdio(this.deps, socket.take()) };
    } finally {
      socket.close();
    }
  }
}

interface Started {
  readonly pid: number;
  readonly stdio: ProcessStdio;
}

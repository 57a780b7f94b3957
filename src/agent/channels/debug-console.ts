import type { ByteStream } from "../../base/byte-stream.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import { exitCode } from "../../sys/port/processes.ts";
import { signals } from "../../sys/signals.ts";
import type { Sys } from "../../sys/sys.ts";
import { ProcessInput } from "../container/input.ts";
import { ProcessOutput } from "../container/output.ts";

const SHELLS = ["/bin/bash", "/bin/sh", "/usr/bin/sh"];
const READ_BYTES = 16 * 1024;

/** Gives whoever connects a root shell of the guest on a terminal of its own, until the shell or the connection ends. */
export class DebugConsole {
  private readonly deps: { readonly sys: Sys; readonly loop: Loop; readonly logger: Logger };

  constructor(deps: { readonly sys: Sys; readonly loop: Loop; readonly logger: Logger }) {
    this.deps = deps;
  }

  readonly serve = (stream: ByteStream): void => {
    const { sys, logger } = this.deps;
    const shell = SHELLS.find((path) => sys.exists(path));
    if (shell === undefined) {
      // A stream tells of its end only once it is started.
      stream.start({ data: () => undefined, close: () => undefined });
      stream.write(
        utf8Encode("kata-agent: this guest has no shell; build it with a debug shell to use the console\r\n"),
      );
      stream.end();
      return;
    }
    this.run(stream, shell).catch((error: unknown) => {
      logger.warn("debug console failed", { error: KataError.from(error) });
      stream.close();
    });
  };

  private async run(stream: ByteStream, shell: string): Promise<void> {
    const { sys, loop, logger } = this.deps;
    const { master, slavePath } = sys.openPty();
    const slave = sys.open(slavePath, { read: true, write: true });
    let pid: number;
    try {
      pid = sys.spawn({
        path: shell,
        argv: [`-${shell.slice(shell.lastIndexOf("/") + 1)}`],
        env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "TERM=vt100"],
        cwd: "/",
        fds: [slave, slave, slave],
        newSession: true,
        controllingTerminal: true,
        oomScoreAdj: 0,
      });
    } catch (error) {
      sys.close(master);
      throw error;
    } finally {
      sys.close(slave);
    }
    logger.info("debug console opened", { pid });
    const input = new ProcessInput(this.deps, sys.duplicate(master));
    const output = new ProcessOutput(this.deps, master);
    stream.start({
      data: (chunk) => void input.write(chunk.slice()).catch(() => stream.close()),
      close: () => this.hangUp(pid),
    });
    const exited = loop.exited(pid).then((status) => {
      output.processEnded();
      logger.info("debug console closed", { pid, code: exitCode(status) });
    });
    for (let chunk = await output.read(READ_BYTES); chunk.length > 0; chunk = await output.read(READ_BYTES)) {
      stream.write(chunk);
      await stream.drained();
    }
    stream.end();
    input.abandon();
    await exited;
  }

  /** What closing a terminal window does: the shell's whole session learns that the terminal is gone. */
  private hangUp(pid: number): void {
    try {
      this.deps.sys.kill(-pid, signals.SIGHUP);
    } catch (error) {
      if (!isErrno(error, "ESRCH")) throw error;
    }
  }
}

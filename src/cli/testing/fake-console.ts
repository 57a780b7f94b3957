import { utf8Decode } from "../../base/bytes.ts";
import { createFakeSys, type FakeSys } from "../../sys/fake.ts";
import { FakeLoop } from "../../sys/fake-loop.ts";
import { runApp } from "../app.ts";

/** What a command line left behind. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** kata-ctl over Linux in memory, for unit tests: no terminal, nothing installed. */
export class FakeConsole {
  readonly sys: FakeSys;
  readonly loop: FakeLoop;
  private written: Record<number, string> = {};

  constructor() {
    const sys = createFakeSys();
    this.sys = {
      ...sys,
      write: (fd, buffer, offset = 0, length = buffer.length - offset) => {
        if (fd !== 1 && fd !== 2) return sys.write(fd, buffer, offset, length);
        this.written[fd] = (this.written[fd] ?? "") + utf8Decode(buffer.subarray(offset, offset + length));
        return length;
      },
      isTerminal: () => false,
    };
    this.loop = new FakeLoop(this.sys);
  }

  /** Runs one command line, given as words after the program's name. */
  async run(...words: string[]): Promise<CommandOutcome> {
    this.written = {};
    let code: number | undefined;
    const running = runApp({ sys: this.sys, loop: this.loop }, ["/usr/bin/kata-ctl", ...words]).then((value) => {
      code = value;
    });
    for (let rounds = 0; code === undefined && rounds < 1000; rounds++) {
      await this.loop.advance(10);
      // Lazily loaded commands arrive from outside of the fake's own time.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await running;
    return { code: code ?? -1, stdout: this.written[1] ?? "", stderr: this.written[2] ?? "" };
  }
}

declare function setImmediate(run: () => void): void;

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { repository } from "../../test/support/kata-ctl.ts";
import { type Peer, shimPrograms } from "./peers.ts";

/** Both shims behind programs of their names that note when containerd starts them. */
export class Stamps {
  /** A directory for containerd's PATH. */
  readonly programs: string;
  private readonly file: string;

  /** Compiles the programs into `directory`. */
  constructor(directory: string) {
    this.programs = path.join(directory, "stamped");
    this.file = path.join(directory, "stamps");
    mkdirSync(this.programs, { recursive: true });
    const source = path.join(repository, "bench/shims/stamp.c");
    for (const [name, program] of Object.entries(shimPrograms)) {
      const into = path.join(this.programs, `containerd-shim-${name}-v2`);
      const defines = [`-DSHIM="${program}"`, `-DSTAMPS="${this.file}"`];
      execFileSync("gcc", ["-O2", "-static", ...defines, source, "-o", into]);
    }
  }

  /** When the last `start` was begun, in milliseconds since 1970; forgets all stamps. */
  takeStart(peer: Peer): number {
    const [, time] = /^start ([\d.]+)$/m.exec(readFileSync(this.file, "utf8")) ?? [];
    rmSync(this.file);
    if (time === undefined) throw new Error(`containerd started no shim of ${peer}`);
    return Number(time);
  }
}

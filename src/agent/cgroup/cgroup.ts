import { type Clock, sleep } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";

/** Where cgroup v2 is mounted in the guest. */
export const CGROUP_ROOT = "/sys/fs/cgroup";
/** Parent of the containers' cgroups, relative to the root. */
export const CONTAINER_PARENT = "/kata";

const POLL_MS = 2;

/** One container's cgroup (v2). */
export class Cgroup {
  private readonly sys: FilesPort;
  private readonly clock: Clock;
  /** Absolute directory. */
  readonly dir: string;

  constructor(deps: { readonly sys: FilesPort; readonly clock: Clock }, dir: string) {
    this.sys = deps.sys;
    this.clock = deps.clock;
    this.dir = dir;
  }

  /** A file's text; undefined when the cgroup or the controller is not there. */
  read(file: string): string | undefined {
    try {
      return this.sys.readText(`${this.dir}/${file}`, 1 << 20);
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENODEV", "EOPNOTSUPP")) return undefined;
      throw error;
    }
  }

  write(file: string, value: string): void {
    this.sys.writeFile(`${this.dir}/${file}`, value);
  }

  /** Stops or continues all processes, and waits until the kernel says so; `deadline-exceeded` after `timeoutMs`. */
  async freeze(frozen: boolean, timeoutMs = 10_000): Promise<void> {
    this.write("cgroup.freeze", frozen ? "1" : "0");
    const wanted = frozen ? "1" : "0";
    await this.waitForEvent("frozen", wanted, timeoutMs, frozen ? "processes to freeze" : "processes to thaw");
  }

  /** SIGKILL to every process in it and below, all at once. Harmless when it is gone. */
  killAll(): void {
    try {
      this.write("cgroup.kill", "1");
    } catch (error) {
      if (!isErrno(error, "ENOENT", "ENODEV")) throw error;
    }
  }

  /** Resolves when no process is left in it. */
  async waitUntilEmpty(timeoutMs: number): Promise<void> {
    await this.waitForEvent("populated", "0", timeoutMs, "processes to end");
  }

  /** Removes it with the cgroups below; they must be empty. */
  remove(dir: string = this.dir): void {
    try {
      for (const { name, kind } of this.sys.readDir(dir)) if (kind === "directory") this.remove(`${dir}/${name}`);
      this.sys.rmdir(dir);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }

  private async waitForEvent(key: string, wanted: string, timeoutMs: number, what: string): Promise<void> {
    const giveUpAt = this.clock.nowMs() + timeoutMs;
    for (;;) {
      const events = this.read("cgroup.events");
      if (events === undefined || parseFlat(events).get(key) === BigInt(wanted)) return;
      if (this.clock.nowMs() > giveUpAt) {
        throw new KataError("deadline-exceeded", `Timed out after ${timeoutMs} ms waiting for ${what} in ${this.dir}`);
      }
      await sleep(this.clock, POLL_MS);
    }
  }
}

/** Parses a flat-keyed file: a name and a number a line (cgroup-v2 documentation, "Flat keyed"). */
export function parseFlat(text: string): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const line of text.split("\n")) {
    const match = /^(\S+) (\d{1,20})$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], BigInt(match[2]));
  }
  return values;
}

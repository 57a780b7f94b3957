import type { CancelSignal } from "../../base/cancel.ts";
import type { Logger } from "../../base/logger.ts";
import type { Loop, Watch } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import { type Cgroup, parseFlat } from "./cgroup.ts";

const IN_MODIFY = 2;
const QUEUE_LIMIT = 1024;

interface Watched {
  readonly cgroup: Cgroup;
  killsSeen: bigint;
}

/** Notices out-of-memory kills in containers and hands them to whoever polls for them. */
export class OomEvents {
  private readonly sys: Sys;
  private readonly loop: Loop;
  private readonly logger: Logger;
  private readonly watched = new Map<string, Watched>();
  private readonly queue: string[] = [];
  private readonly waiting: ((containerId: string) => void)[] = [];
  private inotify: { readonly fd: number; readonly watch: Watch } | undefined;

  constructor(deps: { readonly sys: Sys; readonly loop: Loop; readonly logger: Logger }) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.logger = deps.logger;
  }

  /** Begins to watch a container's cgroup. Without the memory controller there is nothing to watch. */
  watch(containerId: string, cgroup: Cgroup): void {
    if (cgroup.read("memory.events") === undefined) return;
    this.watched.set(containerId, { cgroup, killsSeen: kills(cgroup) });
    this.sys.inotifyAdd(this.inotifyFd(), `${cgroup.dir}/memory.events`, IN_MODIFY);
  }

  /** Looks a last time and stops watching; before the cgroup is removed. The kernel drops its watch with the file. */
  unwatch(containerId: string): void {
    this.check(containerId);
    this.watched.delete(containerId);
  }

  /** Looks now: notifications may come later than the end of the process. */
  check(containerId: string): void {
    const entry = this.watched.get(containerId);
    if (entry === undefined) return;
    const now = kills(entry.cgroup);
    if (now <= entry.killsSeen) return;
    entry.killsSeen = now;
    this.logger.warn("container ran out of memory", { container: containerId, kills: now });
    this.publish(containerId);
  }

  /** The next container that had a process killed for lack of memory; waits for as long as it takes. */
  next(signal?: CancelSignal): Promise<string> {
    const queued = this.queue.shift();
    if (queued !== undefined) return Promise.resolve(queued);
    return new Promise((resolve, reject) => {
      const take = (containerId: string) => {
        signal?.removeEventListener("abort", give);
        resolve(containerId);
      };
      const give = () => {
        const index = this.waiting.indexOf(take);
        if (index >= 0) this.waiting.splice(index, 1);
        reject(signal?.reason);
      };
      this.waiting.push(take);
      signal?.addEventListener("abort", give);
    });
  }

  private publish(containerId: string): void {
    const take = this.waiting.shift();
    if (take !== undefined) take(containerId);
    else if (this.queue.length < QUEUE_LIMIT) this.queue.push(containerId);
  }

  private inotifyFd(): number {
    if (this.inotify === undefined) {
      const fd = this.sys.inotify();
      const scratch = new Uint8Array(4096);
      const watch = this.loop.watch(fd, { read: true }, () => {
        // Which file it was does not matter: there are few containers, and their counters tell.
        this.sys.read(fd, scratch);
        for (const containerId of [...this.watched.keys()]) this.check(containerId);
      });
      this.inotify = { fd, watch };
    }
    return this.inotify.fd;
  }
}

function kills(cgroup: Cgroup): bigint {
  return parseFlat(cgroup.read("memory.events") ?? "").get("oom_kill") ?? 0n;
}

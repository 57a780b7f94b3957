import { isErrno } from "../sys/error.ts";
import type { NamespaceKind } from "../sys/port/mounts.ts";
import { signals } from "../sys/signals.ts";
import type { Sys } from "../sys/sys.ts";
import type { SysctlWrite } from "./container/sysctl.ts";
import { startPodReaper } from "./pod-reaper.ts";

/** IPC and UTS namespaces that the containers of the sandbox share; and a pid namespace, for those that ask for it. */
export class SharedNamespaces {
  private readonly sys: Sys;
  private readonly dir: string;
  /** PID 1 of the shared pid namespace. */
  private reaper: number | undefined;
  private made: { readonly ipc?: string; readonly uts?: string; readonly pid?: string } = {};

  /** `dir` is the agent's own; the namespaces are pinned there. */
  constructor(sys: Sys, dir: string) {
    this.sys = sys;
    this.dir = dir;
  }

  /** Paths for crun to join. */
  get paths(): { readonly ipc?: string; readonly uts?: string; readonly pid?: string } {
    return this.made;
  }

  /** Makes IPC and UTS namespaces and sets the host name there. The agent itself stays outside. */
  create(hostname: string): void {
    const kinds = ["uts", "ipc"] as const;
    const saved = kinds.map((kind) => [kind, this.sys.open(`/proc/self/ns/${kind}`)] as const);
    try {
      this.sys.unshare(kinds);
      if (hostname !== "") this.sys.setHostname(hostname);
      for (const kind of kinds) this.pin(kind, `/proc/self/ns/${kind}`);
    } finally {
      for (const [kind, fd] of saved) {
        this.sys.enterNamespace(fd, kind);
        this.sys.close(fd);
      }
    }
  }

  /** Makes the pid namespace for containers that share one, unless it is there. It outlives all of them. */
  sharePid(): void {
    if (this.reaper !== undefined) return;
    const pid = startPodReaper(this.sys, `${this.dir}/root`);
    this.reaper = pid;
    this.pin("pid", `/proc/${pid}/ns/pid`);
  }

  /** Writes a sysctl from inside the namespace it belongs to. */
  writeSysctl({ path, value, scope }: SysctlWrite): void {
    const pinned = scope === "guest" ? undefined : this.made[scope];
    const write = () => this.sys.writeFile(path, value);
    if (scope === "guest" || pinned === undefined) write();
    else this.inside(scope, pinned, write);
  }

  /** Unpins everything. */
  remove(): void {
    for (const path of Object.values(this.made)) this.unpin(path);
    this.made = {};
    // The kernel ends whatever else is in the namespace.
    if (this.reaper !== undefined) this.sys.kill(this.reaper, signals.SIGKILL);
    this.reaper = undefined;
  }

  private unpin(path: string): void {
    try {
      this.sys.unmount(path, { detach: true });
      this.sys.unlink(path);
    } catch (error) {
      if (!isErrno(error, "ENOENT", "EINVAL")) throw error;
    }
  }

  private pin(kind: "ipc" | "uts" | "pid", source: string): void {
    this.sys.mkdirAll(this.dir, 0o700);
    const path = `${this.dir}/${kind}`;
    this.sys.writeFile(path, "", 0o400);
    this.sys.mount({ source, target: path, options: ["bind"] });
    this.made = { ...this.made, [kind]: path };
  }

  private inside(kind: NamespaceKind, path: string, work: () => void): void {
    const home = this.sys.open(`/proc/self/ns/${kind}`);
    const there = this.sys.open(path);
    try {
      this.sys.enterNamespace(there, kind);
      work();
    } finally {
      this.sys.enterNamespace(home, kind);
      this.sys.close(there);
      this.sys.close(home);
    }
  }
}

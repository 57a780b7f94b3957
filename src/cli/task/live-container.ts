import { sleep } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import { signals } from "../../sys/signals.ts";
import type { CommandContext } from "../context.ts";
import type { ContainerRecord } from "../state/record.ts";
import type { ContainerStore } from "../state/store.ts";
import { connectBundle, type ShimConnection } from "./connection.ts";
import { ShimProcess } from "./shim-process.ts";

const pollMs = 25;
/** After the process's end the virtual machine still has to go. */
const settleMs = 10_000;
const callMs = 10_000;
/** What a SIGKILL may take before the virtual machine itself is ended. */
const killMs = 2000;

/** Operations on containers that another process takes care of. */
export class LiveContainers {
  private readonly context: CommandContext;
  private readonly store: ContainerStore;

  constructor(context: CommandContext, store: ContainerStore) {
    this.context = context;
    this.store = store;
  }

  /** Whether something of the container may still run: by its record, its owner and its shim. */
  isAlive({ id, state }: ContainerRecord): boolean {
    if (state.status === "exited") return false;
    return this.store.isOwned(id) || this.shimListens(id);
  }

  /** Connects to the container's shim. Throws `failed-precondition` when the container does not run. */
  async connect(record: ContainerRecord): Promise<ShimConnection> {
    if (record.state.status !== "running") throw notRunning(record);
    try {
      return await connectBundle(this.context, this.store.pathsOf(record.id).bundle);
    } catch (error) {
      if (KataError.from(error).code === "unavailable") throw notRunning(record, error);
      throw error;
    }
  }

  /** Sends a signal to the container's first process. Throws `failed-precondition` when it does not run. */
  async signal(record: ContainerRecord, signal: number, timeoutMs = callMs): Promise<void> {
    const connection = await this.connect(record);
    try {
      await connection.task.kill({ id: record.id, execId: "", signal, all: false }, { timeoutMs });
    } catch (error) {
      if (KataError.from(error).code === "not-found") throw notRunning(record, error);
      throw error;
    } finally {
      connection.close();
    }
  }

  /** Waits until the container has ended and its owner is done with it. Undefined when it did not within `timeoutMs`. */
  async awaitEnd(record: ContainerRecord, timeoutMs: number): Promise<ContainerRecord | "removed" | undefined> {
    const { loop } = this.context;
    const giveUpAt = loop.nowMs() + timeoutMs;
    for (;;) {
      // Asked first: an owner writes the end down before it lets go, so what is read afterwards is the last word.
      const owned = this.store.isOwned(record.id);
      const now = this.reread(record.id);
      if (now === "removed" || !owned) return now;
      if (loop.nowMs() >= giveUpAt) return undefined;
      await sleep(loop, pollMs);
    }
  }

  /** Asks with `signal`, waits `graceMs`, then kills. Resolves when the container has ended. */
  async stop(record: ContainerRecord, signal: number, graceMs: number): Promise<void> {
    if (!this.store.isOwned(record.id)) {
      await this.stopUnowned(record, signal, graceMs);
      return;
    }
    await this.signalIfRunning(record, signal);
    if ((await this.awaitEnd(record, graceMs)) !== undefined) return;
    await this.kill(record);
  }

  /** Removes a container with whatever is left of it. With `force` also one that runs. */
  async remove(record: ContainerRecord, force: boolean): Promise<void> {
    if (this.isAlive(record)) {
      if (!force) {
        throw new KataError("failed-precondition", `Container "${record.name}" is running`, {
          hint: `stop it first, or: kata-ctl rm -f ${record.name}`,
        });
      }
      if (this.store.isOwned(record.id)) await this.kill(record);
    }
    // Its owner writes the end down a moment before it is done.
    if ((await this.awaitEnd(record, settleMs)) === "removed") return;
    const ownerFd = this.store.adopt(record.id);
    try {
      const now = this.reread(record.id);
      if (now === "removed") return;
      if (now.state.status !== "exited") await this.shimOf(record).delete();
      this.store.remove(record.id);
    } finally {
      if (ownerFd !== undefined) this.context.sys.close(ownerFd);
    }
  }

  /** SIGKILL; a guest that does not take it goes with its virtual machine. Its owner sees to the rest. */
  private async kill(record: ContainerRecord): Promise<void> {
    const taken = await this.signalIfRunning(record, signals.SIGKILL, killMs);
    if (taken && (await this.awaitEnd(record, settleMs)) !== undefined) return;
    await this.shimOf(record).delete();
    if ((await this.awaitEnd(record, settleMs)) !== undefined) return;
    throw new KataError("deadline-exceeded", `Container "${record.name}" does not end`, { stage: "stop-sandbox" });
  }

  /** Nobody takes care of the container any more, so its end has to be written down here. */
  private async stopUnowned(record: ContainerRecord, signal: number, graceMs: number): Promise<void> {
    const ownerFd = this.store.adopt(record.id);
    if (ownerFd === undefined) return;
    try {
      const exitCode = await this.endInTime(record, signal, graceMs);
      await this.shimOf(record).delete();
      const startedMs = record.state.status === "running" ? record.state.startedMs : undefined;
      this.store.setState(record, {
        status: "exited",
        finishedMs: this.context.loop.wallMs(),
        exitCode,
        ...(startedMs === undefined ? {} : { startedMs }),
      });
    } finally {
      this.context.sys.close(ownerFd);
    }
  }

  /** The exit code, if the process ends by `signal` within the time, else that of a killed one. */
  private async endInTime(record: ContainerRecord, signal: number, graceMs: number): Promise<number> {
    try {
      const connection = await this.connect(record);
      try {
        const ended = connection.task.wait({ id: record.id, execId: "" }, { timeoutMs: Math.max(1, graceMs) });
        ended.catch(() => {});
        await connection.task.kill({ id: record.id, execId: "", signal, all: false }, { timeoutMs: callMs });
        return (await ended).exitStatus;
      } finally {
        connection.close();
      }
    } catch (error) {
      this.context.logger.debug("the container did not end by itself", { error: KataError.from(error) });
      return 128 + signals.SIGKILL;
    }
  }

  private shimOf(record: ContainerRecord): ShimProcess {
    const { namespace } = this.context.paths;
    return new ShimProcess(this.context, { namespace, id: record.id, bundle: this.store.pathsOf(record.id).bundle });
  }

  /** False when the guest did not take the signal in time; what has ended needs none. */
  private async signalIfRunning(record: ContainerRecord, signal: number, timeoutMs = callMs): Promise<boolean> {
    try {
      await this.signal(record, signal, timeoutMs);
      return true;
    } catch (error) {
      const { code } = KataError.from(error);
      if (code !== "failed-precondition" && code !== "unavailable" && code !== "deadline-exceeded") throw error;
      this.context.logger.debug("cannot signal the container", { error: KataError.from(error) });
      return code !== "deadline-exceeded";
    }
  }

  private reread(id: string): ContainerRecord | "removed" {
    try {
      return this.store.read(id);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return "removed";
      throw error;
    }
  }

  /** A unix socket answers at once: the shim's is there and taken care of, or it is not. */
  private shimListens(id: string): boolean {
    const { sys } = this.context;
    try {
      const address = sys.readText(`${this.store.pathsOf(id).bundle}/address`, 4096).trim();
      sys.close(sys.connect({ kind: "unix", path: address.replace(/^unix:\/\//, "") }));
      return true;
    } catch (error) {
      if (isErrno(error, "EAGAIN")) return true;
      if (isErrno(error, "ENOENT", "ECONNREFUSED", "ENOTDIR")) return false;
      throw error;
    }
  }
}

function notRunning(record: ContainerRecord, cause?: unknown): KataError {
  const { name, state } = record;
  const status = state.status === "exited" ? `it exited with ${state.exitCode}` : `it is ${state.status}`;
  return new KataError("failed-precondition", `Container "${name}" is not running: ${status}`, {
    hint: "running ones are listed by: kata-ctl ps",
    ...(cause === undefined ? {} : { cause }),
  });
}

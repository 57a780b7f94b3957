import type { CancelSignal } from "../../base/cancel.ts";
import { sleep } from "../../base/clock.ts";
import { withTimeout } from "../../base/deadline.ts";
import { causeChain, KataError } from "../../base/error.ts";
import type { ExitStatus } from "../../sys/port/processes.ts";
import { signalName, signals } from "../../sys/signals.ts";
import { packAny } from "../../wire/any.ts";
import { Options } from "../../wire/gen/runtimeoptions/v1/api.ts";
import type { ContainerRecord } from "../state/record.ts";
import type { ContainerStore, OwnedContainer } from "../state/store.ts";
import { connectShim, type ShimConnection } from "./connection.ts";
import { ProcessSession, type SessionDeps, type SessionOptions } from "./process-session.ts";
import { ShimProcess } from "./shim-process.ts";
import { lastFailure } from "./shim-words.ts";
import type { Timings } from "./timings.ts";

/** The root file system's mounts, as they go to the shim. */
export interface RootfsMount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: string[];
}

/** What a run needs beside the container. */
export interface RunOptions {
  readonly namespace: string;
  readonly rootfs: readonly RootfsMount[];
  readonly session: Pick<SessionOptions, "stdin" | "attached" | "log">;
  /** Gives the start up; a container that runs already is not touched. */
  readonly signal: CancelSignal;
  readonly timings: Timings;
  /** The container exists; its output may come at any moment from now on. */
  readonly onCreated: () => void;
  /** The container's process runs. */
  readonly onStarted: () => void;
}

/** How a container ended. */
export interface RunOutcome {
  readonly exitCode: number;
  /** Why it was lost: its VM or its shim ended by itself. */
  readonly failure: KataError | undefined;
  /** Ended because nobody took its output any more. */
  readonly brokenPipe: boolean;
}

/** The shim bounds the boot by the configuration; this only catches a shim that hangs. */
const createMs = 300_000;
const startMs = 120_000;
const deleteMs = 30_000;
const shutdownMs = 10_000;
const goneMs = 5000;
const reapMs = 200;
/** Where the guest's console may tell more. */
const guestStages = ["start-vmm", "boot-guest", "create-container", "start-container"];
/** Exit code of a container whose VM was lost: as if it had been killed. */
const lostCode = 137;
/** Exit code of a container that could not be started, as `run` itself ends with. */
const notStartedCode = 125;

/**
 * Runs a container that is prepared on disk from the shim's start to its end, as containerd would. Whatever happens,
 * the shim and everything it made are gone when it settles; the container's files stay. Throws when the container could
 * not be started; its record tells then, too.
 */
export async function runContainer(
  deps: SessionDeps & { readonly store: ContainerStore },
  container: OwnedContainer,
  options: RunOptions,
): Promise<RunOutcome> {
  const run = new ContainerRun(deps, container, options);
  try {
    return await run.toItsEnd();
  } catch (error) {
    await run.abandon();
    throw run.explain(error);
  }
}

class ContainerRun {
  private readonly deps: SessionDeps & { readonly store: ContainerStore };
  private readonly container: OwnedContainer;
  private readonly options: RunOptions;
  private readonly shim: ShimProcess;
  private readonly session: ProcessSession;
  private record: ContainerRecord;
  private connection: ShimConnection | undefined;
  private startedMs: number | undefined;
  private shimStarted = false;
  private readonly orphans = new Map<number, ExitStatus>();

  constructor(deps: SessionDeps & { readonly store: ContainerStore }, container: OwnedContainer, options: RunOptions) {
    this.deps = deps;
    this.container = container;
    this.options = options;
    this.record = container.record;
    const { bundle, io } = container.paths;
    const { id, terminal } = container.record;
    this.shim = new ShimProcess(deps, { namespace: options.namespace, id, bundle });
    this.session = new ProcessSession(deps, { id, execId: "", terminal, directory: io, ...options.session });
  }

  async toItsEnd(): Promise<RunOutcome> {
    const { signal, timings } = this.options;
    // The shim's starter ends at once: as its reaper we learn how the shim itself ends.
    this.deps.sys.becomeSubreaper();
    this.deps.loop.onOrphan((pid, status) => this.orphans.set(pid, status));
    this.shimStarted = true;
    const address = await this.shim.start({ signal });
    const connection = await connectShim(this.deps, address, { signal });
    this.connection = connection;
    timings.mark("shim");
    const { exited } = await this.createAndStart(connection);
    const { code, failure } = await this.awaitEnd(connection, exited);
    timings.mark("run");
    // A slow reader of our output does not keep the virtual machine.
    await Promise.all([this.session.finish(), this.takeDown(connection, failure)]);
    this.session.dispose();
    timings.mark("teardown");
    this.finished(code, failure === undefined ? undefined : causeChain(failure).join(": "));
    return { exitCode: code, failure, brokenPipe: this.session.brokenPipe };
  }

  /** What to tell about a start that failed. */
  explain(thrown: unknown): KataError {
    const error = KataError.from(thrown);
    const { autoRemove, name } = this.record;
    const { signal } = this.options;
    if (error.code === "cancelled" && signal.aborted) return KataError.from(signal.reason);
    const console = `kata-ctl logs ${name} --source console`;
    const see = autoRemove ? [`run it without --rm, then: ${console}`] : [console];
    const shimGone = this.shimStarted && error.code === "unavailable" && error.stage === undefined;
    return KataError.wrap(
      shimGone
        ? new KataError("unavailable", "Its shim ended by itself", { stage: "prepare-sandbox", cause: error })
        : error,
      `Cannot start container "${name}"`,
      guestStages.includes(error.stage ?? "") && error.field === undefined ? { see } : {},
    );
  }

  /** After an error: ends and cleans up whatever there is. */
  async abandon(): Promise<void> {
    const { id } = this.container.record;
    if (this.connection !== undefined) {
      const { task } = this.connection;
      await this.attempt("kill", () =>
        task.kill({ id, execId: "", signal: signals.SIGKILL, all: true }, { timeoutMs: shutdownMs }),
      );
      await this.attempt("delete", () => task.delete({ id, execId: "" }, { timeoutMs: shutdownMs }));
      await this.shutDown(this.connection);
    }
    if (this.shimStarted) await this.attempt("clean up", () => this.shim.delete());
    this.session.dispose();
    this.finished(notStartedCode, "it could not be started");
  }

  private async createAndStart(connection: ShimConnection): Promise<{ readonly exited: Promise<number> }> {
    const { task } = connection;
    const { record, paths } = this.container;
    const { rootfs, signal, timings } = this.options;
    const { id, configPath, terminal } = record;
    await task.create(
      {
        id,
        bundle: paths.bundle,
        rootfs: [...rootfs],
        terminal,
        ...this.session.paths,
        checkpoint: "",
        parentCheckpoint: "",
        ...(configPath === undefined
          ? {}
          : { options: packAny(Options, { typeUrl: "", configPath, configBody: new Uint8Array(0) }) }),
      },
      { timeoutMs: createMs, signal },
    );
    timings.mark("create");
    this.options.onCreated();
    this.session.attach(task);
    const exited = task.wait({ id, execId: "" }).then(({ exitStatus }) => exitStatus);
    // Awaited below; a failing start comes first.
    exited.catch(() => {});
    await task.start({ id, execId: "" }, { timeoutMs: startMs, signal });
    timings.mark("start");
    this.startedMs = this.deps.loop.wallMs();
    this.record = this.deps.store.setState(record, { status: "running", startedMs: this.startedMs });
    await this.session.started();
    this.options.onStarted();
    return { exited };
  }

  private async awaitEnd(
    connection: ShimConnection,
    exited: Promise<number>,
  ): Promise<{ readonly code: number; readonly failure: KataError | undefined }> {
    try {
      const code = await exited;
      const words = code === lostCode ? lastFailure(this.deps.sys, this.container.paths.shimLog) : undefined;
      return {
        code,
        failure: words === undefined ? undefined : this.lost("the virtual machine ended", new Error(words)),
      };
    } catch (error) {
      const problem = KataError.from(error);
      if (problem.code !== "unavailable") throw problem;
      connection.close();
      return { code: lostCode, failure: this.lost(await this.shimEnd(), problem.cause ?? problem) };
    }
  }

  /** How the shim ended, as a part of a sentence. */
  private async shimEnd(): Promise<string> {
    const { loop, sys } = this.deps;
    const pid = Number(sys.readText(`${this.container.paths.bundle}/shim.pid`, 64));
    // Its sockets close a moment before its parent is told.
    for (let waitedMs = 0; waitedMs < reapMs && !this.orphans.has(pid); waitedMs += 5) await sleep(loop, 5);
    const status = this.orphans.get(pid);
    if (status === undefined) return "its shim ended";
    return status.kind === "signaled"
      ? `its shim was killed by ${signalName(status.signal)}`
      : `its shim ended with code ${status.code}`;
  }

  private lost(why: string, cause: unknown): KataError {
    return new KataError("unavailable", `Container "${this.record.name}" was lost: ${why}`, {
      ...(this.record.autoRemove ? {} : { see: [`kata-ctl logs ${this.record.name} --source shim`] }),
      cause,
    });
  }

  /** The orderly way; where it fails the shim's `delete` has the last word. */
  private async takeDown(connection: ShimConnection, failure: KataError | undefined): Promise<void> {
    const { id } = this.container.record;
    const deleted = await this.attempt("delete", () =>
      connection.task.delete({ id, execId: "" }, { timeoutMs: deleteMs }),
    );
    const shutDown = deleted && (await this.shutDown(connection));
    if (!shutDown || failure !== undefined) await this.shim.delete();
  }

  /** Asks the shim to go, and waits until it is gone. */
  private async shutDown(connection: ShimConnection): Promise<boolean> {
    const { id } = this.container.record;
    const gone = await this.attempt("shut down", async () => {
      // The shim may go before its answer arrives.
      const answered = connection.task.shutdown({ id, now: true }, { timeoutMs: shutdownMs });
      answered.catch(() => {});
      await withTimeout(this.deps.loop, goneMs, "the shim to end", connection.closed);
    });
    connection.close();
    return gone;
  }

  private async attempt(what: string, step: () => Promise<unknown>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      this.deps.logger.debug(`cannot ${what} in an orderly way`, { error: KataError.from(error) });
      return false;
    }
  }

  private finished(exitCode: number, error: string | undefined): void {
    this.deps.store.setState(this.record, {
      status: "exited",
      finishedMs: this.deps.loop.wallMs(),
      exitCode,
      ...(this.startedMs === undefined ? {} : { startedMs: this.startedMs }),
      ...(error === undefined ? {} : { error }),
    });
  }
}

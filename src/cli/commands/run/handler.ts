import { CancelSource } from "../../../base/cancel.ts";
import { KataError } from "../../../base/error.ts";
import type { ResolvedImage } from "../../../image/service.ts";
import { signalName, signals } from "../../../sys/signals.ts";
import { UsageError } from "../../args/usage-error.ts";
import { containerStore } from "../../container-store.ts";
import { type CommandContext, imageService } from "../../context.ts";
import { makeProgress, type Progress } from "../../output/progress.ts";
import { ContainerLog } from "../../state/log-file.ts";
import type { ContainerStore, OwnedContainer } from "../../state/store.ts";
import { splitCreate } from "../../task/boot-log.ts";
import { type RunOutcome, runContainer } from "../../task/container-run.ts";
import { rootfsMounts } from "../../task/rootfs-mounts.ts";
import { startSupervisor } from "../../task/supervisor.ts";
import { decideTerminal } from "../../task/terminal.ts";
import { type Timing, Timings } from "../../task/timings.ts";
import { pullStep } from "../pull/handler.ts";
import type { RunFlags } from "./flags.ts";
import { prepareContainer } from "./prepare.ts";

/** What `run` did. */
export type RunResult =
  | { readonly kind: "detached"; readonly id: string }
  | { readonly kind: "ended"; readonly outcome: RunOutcome; readonly timings: readonly Timing[] };

/** Prepares a container and runs it, in the foreground to its end or, detached, until its process runs. */
export async function runCommand(
  context: CommandContext,
  flags: RunFlags,
  positionals: readonly string[],
): Promise<RunResult> {
  const { loop, sys } = context;
  const cancel = new CancelSource();
  const startSignals = [signals.SIGINT, signals.SIGTERM, signals.SIGHUP];
  const stopListening = loop.onSignal(startSignals, (signal) =>
    cancel.cancel(new KataError("cancelled", "The start was interrupted", { cause: new InterruptedError(signal) })),
  );
  const progress = makeProgress(context);
  const timings = new Timings(loop);
  try {
    const store = containerStore(context);
    const { stdin, terminal } = chooseTerminal(context, flags);
    const container = await prepare(context, store, { flags, positionals, terminal, progress, cancel });
    timings.mark("prepare");
    progress.step("Starting the virtual machine");
    if (flags.detach) {
      await startSupervisor(context, container, cancel.signal);
      return { kind: "detached", id: container.record.id };
    }
    const log = flags.rm ? undefined : new ContainerLog(context, container.paths.log);
    try {
      const outcome = await runContainer({ ...context, store }, container, {
        namespace: context.paths.namespace,
        rootfs: rootfsMounts(context.paths.images, container.record.rootfs, container.paths),
        session: { stdin, attached: true, log },
        signal: cancel.signal,
        timings,
        onCreated: () => progress.clear(),
        onStarted: stopListening,
      });
      return { kind: "ended", outcome, timings: flags.timing ? splitTimings(context, container, timings) : [] };
    } finally {
      log?.close();
      sys.close(container.ownerFd);
      if (flags.rm) store.remove(container.record.id);
    }
  } finally {
    progress.clear();
    stopListening();
  }
}

/** The shim knows what happened while the container was created. */
function splitTimings({ sys }: CommandContext, { paths }: OwnedContainer, timings: Timings): readonly Timing[] {
  const log = sys.readText(paths.shimLog);
  return timings.list((part) => (part.name === "create" ? splitCreate(part, log) : [part]));
}

/** The signal that interrupted a start: 128 + its number becomes the exit code. */
export class InterruptedError extends Error {
  readonly signal: number;

  constructor(signal: number) {
    super(`${signalName(signal)} came`);
    this.name = "InterruptedError";
    this.signal = signal;
  }
}

function chooseTerminal({ sys }: CommandContext, flags: RunFlags) {
  const decided = decideTerminal(sys, { interactive: flags.interactive, tty: flags.tty, detached: flags.detach });
  if (flags.tty === true && decided.stdin && !sys.isTerminal(0)) {
    throw new KataError("failed-precondition", "Standard input is no terminal", {
      field: "-t",
      hint: "leave -t out when input comes from a pipe or a file",
    });
  }
  return decided;
}

interface PrepareParts {
  readonly flags: RunFlags;
  readonly positionals: readonly string[];
  readonly terminal: boolean;
  readonly progress: Progress;
  readonly cancel: CancelSource;
}

async function prepare(context: CommandContext, store: ContainerStore, parts: PrepareParts): Promise<OwnedContainer> {
  const { cancel, flags, positionals, progress, terminal } = parts;
  if (flags.name !== undefined) store.requireFree(flags.name);
  if (flags.rootfs !== undefined) {
    const lower = userDirectory(context, flags.rootfs);
    return prepareContainer(context, store, { flags, image: undefined, lower, args: positionals, terminal });
  }
  const [name, ...args] = positionals;
  if (name === undefined) throw new UsageError("Missing argument: IMAGE, or --rootfs DIR");
  const images = imageService(context);
  const release = await images.use({ signal: cancel.signal });
  try {
    const image: ResolvedImage = await images.resolve(name, flags.pull, {
      signal: cancel.signal,
      ...(flags.tlsVerify === undefined ? {} : { tlsVerify: flags.tlsVerify }),
      onProgress: (event) => progress.step(pullStep(name, event)),
    });
    return await prepareContainer(context, store, { flags, image, lower: image.rootfs, args, terminal });
  } finally {
    release();
  }
}

function userDirectory({ sys }: CommandContext, path: string): string {
  const details = { stage: "prepare-sandbox", field: "--rootfs" } as const;
  let resolved: string;
  try {
    resolved = sys.realPath(path.startsWith("/") ? path : `${sys.cwd()}/${path}`);
  } catch (error) {
    throw KataError.wrap(error, `The root file system ${path} cannot be used`, details);
  }
  if (sys.stat(resolved).kind === "directory") return resolved;
  throw new KataError("invalid-argument", `The root file system ${path} is not a directory`, details);
}

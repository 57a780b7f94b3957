import { concatBytes } from "../../base/bytes.ts";
import type { CancelSignal } from "../../base/cancel.ts";
import { KataError } from "../../base/error.ts";
import { WOULD_BLOCK } from "../../sys/port/files.ts";
import { signals } from "../../sys/signals.ts";
import { decodeStatus, encodeStatus } from "../../wire/ttrpc/status.ts";
import type { CommandContext } from "../context.ts";
import type { OwnedContainer } from "../state/store.ts";

/** Descriptors that a supervisor inherits. */
export const supervisorFds = { ownerLock: 3, report: 4 } as const;

const started = 0x53;
const failed = 0x45;

/**
 * Hands a prepared container to a background process of its own, which runs it, logs its output and records its end.
 * Resolves when the container's process runs; throws what the supervisor reports otherwise. The container belongs to
 * the supervisor from then on, in either case.
 */
export async function startSupervisor(
  context: CommandContext,
  container: OwnedContainer,
  signal: CancelSignal,
): Promise<void> {
  const { paths, sys } = context;
  const { id } = container.record;
  const [reportRead, reportWrite] = sys.pipe();
  const log = sys.open(`${container.paths.directory}/supervisor.log`, {
    write: true,
    create: true,
    append: true,
    mode: 0o600,
  });
  let pid: number;
  try {
    pid = sys.spawn({
      path: sys.readLink("/proc/self/exe"),
      argv: [context.program, ...rootFlags(context), "--namespace", paths.namespace, "supervise", id],
      env: sys.environment(),
      cwd: "/",
      newSession: true,
      fds: [-1, log, log, container.ownerFd, reportWrite],
    });
  } catch (error) {
    sys.close(reportRead);
    throw error;
  } finally {
    sys.close(log);
    sys.close(reportWrite);
    sys.close(container.ownerFd);
  }
  const abort = () => sys.kill(pid, signals.SIGTERM);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    const report = await readReport(context, reportRead);
    if (report[0] === started) return;
    const error = report[0] === failed ? decodeStatus(report.subarray(1)) : undefined;
    if (error !== undefined) throw signal.aborted ? KataError.from(signal.reason) : error;
    throw new KataError("internal", "The container's supervisor ended without a word", { stage: "prepare-sandbox" });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The supervisor's side: tells how the start went, once. */
export class SupervisorReport {
  private readonly context: CommandContext;
  private sent = false;

  constructor(context: CommandContext) {
    this.context = context;
  }

  started(): void {
    this.send(new Uint8Array([started]));
  }

  failed(error: unknown): void {
    this.send(concatBytes([new Uint8Array([failed]), encodeStatus(error)]));
  }

  private send(message: Uint8Array): void {
    if (this.sent) return;
    this.sent = true;
    const { logger, sys } = this.context;
    try {
      sys.write(supervisorFds.report, message);
    } catch (error) {
      // Whoever asked has gone; the container goes on.
      logger.debug("nobody reads the report", { error: KataError.from(error) });
    }
    sys.close(supervisorFds.report);
  }
}

function rootFlags({ global, paths, sys }: CommandContext): string[] {
  const root = global.root ?? sys.env("KATA_CTL_ROOT");
  return [
    ...(root === undefined ? [] : ["--root", paths.runRoot.replace(/\/run$/, "")]),
    ...(global.debug ? ["--debug"] : []),
  ];
}

function readReport({ loop, sys }: CommandContext, fd: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(64 << 10);
  const chunks: Uint8Array[] = [];
  sys.setNonBlocking(fd, true);
  return new Promise((resolve) => {
    const watch = loop.watch(fd, { read: true }, () => {
      const count = sys.read(fd, buffer);
      if (count === WOULD_BLOCK) return;
      if (count > 0) {
        chunks.push(buffer.slice(0, count));
        return;
      }
      watch.stop();
      sys.close(fd);
      resolve(concatBytes(chunks));
    });
  });
}

import { CancelSource } from "../../../base/cancel.ts";
import { KataError } from "../../../base/error.ts";
import { signals } from "../../../sys/signals.ts";
import { containerStore } from "../../container-store.ts";
import type { CommandContext } from "../../context.ts";
import { ContainerLog } from "../../state/log-file.ts";
import { runContainer } from "../../task/container-run.ts";
import { rootfsMounts } from "../../task/rootfs-mounts.ts";
import { SupervisorReport, supervisorFds } from "../../task/supervisor.ts";
import { Timings } from "../../task/timings.ts";

/** Runs a detached container to its end: its output goes to its log, its end into its record. Returns the exit code. */
export async function supervise(context: CommandContext, id: string): Promise<number> {
  const { loop } = context;
  const store = containerStore(context);
  const report = new SupervisorReport(context);
  const cancel = new CancelSource();
  const stopListening = loop.onSignal([signals.SIGTERM, signals.SIGINT], () =>
    cancel.cancel(new KataError("cancelled", "The start was interrupted")),
  );
  const record = store.read(id);
  const paths = store.pathsOf(id);
  const log = new ContainerLog(context, paths.log);
  try {
    const container = { record, paths, ownerFd: supervisorFds.ownerLock };
    await runContainer({ ...context, store }, container, {
      namespace: context.paths.namespace,
      rootfs: rootfsMounts(context.paths.images, record.rootfs, paths),
      session: { stdin: false, attached: false, log },
      signal: cancel.signal,
      timings: new Timings(loop),
      onCreated: () => {},
      onStarted: () => {
        stopListening();
        report.started();
      },
    });
    return 0;
  } catch (error) {
    if (record.autoRemove) store.remove(id);
    report.failed(error);
    throw error;
  } finally {
    log.close();
    if (record.autoRemove) store.remove(id);
  }
}

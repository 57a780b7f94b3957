import { KataError } from "../../../base/error.ts";
import { readProcessStat } from "../../../sys/proc.ts";
import { signalName } from "../../../sys/signals.ts";
import { containerStore } from "../../container-store.ts";
import type { CommandContext } from "../../context.ts";
import { LiveContainers } from "../../task/live-container.ts";
import { lowerDirectory } from "../../task/rootfs-mounts.ts";
import { statusWord } from "../ps/view.ts";

/** Everything about one container. The shape is a contract; fields are only ever added. */
export function inspectContainer(context: CommandContext, reference: string): Readonly<Record<string, unknown>> {
  const { paths } = context;
  const store = containerStore(context);
  const record = store.find(reference);
  const alive = new LiveContainers(context, store).isAlive(record);
  const files = store.pathsOf(record.id);
  const { state } = record;
  return {
    id: record.id,
    name: record.name,
    namespace: paths.namespace,
    created: time(record.createdMs),
    state: {
      status: statusWord({ record, alive }),
      started: state.status === "created" ? null : time(state.startedMs),
      finished: state.status === "exited" ? time(state.finishedMs) : null,
      exitCode: state.status === "exited" ? state.exitCode : null,
      error: state.status === "exited" ? (state.error ?? null) : null,
    },
    image: record.rootfs.kind === "image" ? { name: record.rootfs.name, id: record.rootfs.id } : null,
    command: record.command,
    labels: record.labels,
    autoRemove: record.autoRemove,
    detached: record.detached,
    terminal: record.terminal,
    stopSignal: signalName(record.stopSignal),
    stopTimeoutSeconds: record.stopTimeoutSeconds,
    configuration: record.configPath ?? null,
    rootfs: { lower: lowerDirectory(paths.images, record.rootfs), upper: files.upper },
    paths: { bundle: files.bundle, log: files.log, shimLog: files.shimLog },
    shim: alive ? { pid: shimPid(context, files.bundle), address: fileText(context, `${files.bundle}/address`) } : null,
    sandbox: `/run/vc/sbs/${record.id}`,
    spec: specOf(context, files.config),
  };
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function fileText({ sys }: CommandContext, path: string): string | null {
  return sys.exists(path) ? sys.readText(path, 4096).trim() : null;
}

function shimPid(context: CommandContext, bundle: string): number | null {
  const pid = Number(fileText(context, `${bundle}/shim.pid`));
  return pid > 1 && readProcessStat(context.sys, pid) !== undefined ? pid : null;
}

function specOf({ sys }: CommandContext, path: string): unknown {
  if (!sys.exists(path)) return null;
  try {
    return JSON.parse(sys.readText(path));
  } catch (error) {
    throw KataError.wrap(error, `Cannot read ${path}`);
  }
}

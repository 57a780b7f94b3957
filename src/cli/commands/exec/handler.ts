import { utf8Encode } from "../../../base/bytes.ts";
import { KataError } from "../../../base/error.ts";
import { randomHex } from "../../../base/ids.ts";
import { containerStore } from "../../container-store.ts";
import type { CommandContext } from "../../context.ts";
import type { EnvironmentFlag } from "../../spec/environment.ts";
import { environmentFromFiles } from "../../spec/environment-files.ts";
import { buildExecProcess, type ContainerProcess } from "../../spec/exec-process.ts";
import { lookUpUser } from "../../spec/prepare-process.ts";
import type { ContainerPaths } from "../../state/paths.ts";
import type { ShimConnection } from "../../task/connection.ts";
import { LiveContainers } from "../../task/live-container.ts";
import { ProcessSession } from "../../task/process-session.ts";
import { lowerDirectory } from "../../task/rootfs-mounts.ts";
import { decideTerminal, terminalSize } from "../../task/terminal.ts";

/** What `exec` is told. */
export interface ExecFlags {
  readonly detach: boolean;
  readonly interactive: boolean;
  readonly tty: boolean | undefined;
  readonly env: readonly EnvironmentFlag[];
  readonly envFile: readonly string[];
  readonly workdir: string | undefined;
  readonly user: string | undefined;
}

/** The type by which containerd marks a process specification in JSON. */
const processType = "types.containerd.io/opencontainers/runtime-spec/1/Process";
const callMs = 60_000;

/** Runs a command in a running container and returns its exit code. */
export async function execCommand(
  context: CommandContext,
  reference: string,
  args: readonly string[],
  flags: ExecFlags,
): Promise<number> {
  const { sys } = context;
  const store = containerStore(context);
  const record = store.find(reference);
  const connection = await new LiveContainers(context, store).connect(record);
  const decided = decideTerminal(sys, { interactive: flags.interactive, tty: flags.tty, detached: flags.detach });
  const paths = store.pathsOf(record.id);
  const base = containerProcess(context, paths);
  const root = lowerDirectory(context.paths.images, record.rootfs);
  const process = buildExecProcess(base, {
    args,
    env: [...environmentFromFiles(sys, flags.envFile), ...flags.env],
    lookUp: (name) => sys.env(name),
    cwd: flags.workdir,
    user: flags.user === undefined ? undefined : lookUpUser(sys, root, flags.user),
    terminal: decided.terminal,
    consoleSize: decided.terminal && !flags.detach ? terminalSize(sys) : undefined,
  });
  const execId = randomHex(sys, 8);
  const session = new ProcessSession(context, {
    id: record.id,
    execId,
    terminal: decided.terminal,
    stdin: decided.stdin,
    attached: !flags.detach,
    log: undefined,
    directory: `${paths.directory}/exec-${execId}`,
  });
  try {
    return await runExec(connection, session, {
      id: record.id,
      execId,
      terminal: decided.terminal,
      process,
      detach: flags.detach,
    });
  } finally {
    session.dispose();
    connection.close();
  }
}

async function runExec(
  { task }: ShimConnection,
  session: ProcessSession,
  request: {
    readonly id: string;
    readonly execId: string;
    readonly terminal: boolean;
    readonly process: object;
    readonly detach: boolean;
  },
): Promise<number> {
  const { detach, execId, id, process, terminal } = request;
  const streams = detach ? { stdin: "", stdout: "", stderr: "" } : session.paths;
  const spec = { typeUrl: processType, value: utf8Encode(JSON.stringify(process)) };
  await task.exec({ id, execId, terminal, ...streams, spec }, { timeoutMs: callMs });
  if (!detach) session.attach(task);
  const exited = task.wait({ id, execId });
  exited.catch(() => {});
  try {
    await task.start({ id, execId }, { timeoutMs: callMs });
  } catch (error) {
    await task.delete({ id, execId }, { timeoutMs: callMs });
    throw error;
  }
  if (detach) return 0;
  await session.started();
  const { exitStatus } = await exited;
  await session.finish();
  await task.delete({ id, execId }, { timeoutMs: callMs });
  return session.brokenPipe ? 141 : exitStatus;
}

/** The container's own process, from its bundle: what an exec inherits. */
function containerProcess({ sys }: CommandContext, paths: ContainerPaths): ContainerProcess {
  try {
    const { process } = JSON.parse(sys.readText(paths.config)) as { readonly process: ContainerProcess };
    return process;
  } catch (error) {
    throw KataError.wrap(error, `Cannot read ${paths.config}`, { stage: "exec" });
  }
}

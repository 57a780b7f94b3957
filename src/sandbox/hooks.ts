import { utf8Encode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { describeExit } from "../hypervisor/vm-exit.ts";
import type { Annotations, Hook } from "../oci/spec.ts";
import type { Loop } from "../sys/loop.ts";
import { followOutput } from "../sys/output-tail.ts";
import { signals } from "../sys/signals.ts";
import type { Sys } from "../sys/sys.ts";

/** What a hook learns on its standard input (runtime-spec, "State"). */
export interface HookState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: "creating" | "created" | "running" | "stopped";
  /** The VMM's: no process of the container exists on the host. */
  readonly pid: number;
  readonly bundle: string;
  readonly annotations: Annotations;
}

export interface HookDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
}

/** For hooks without a limit of their own: a hook that hangs must not hang the container for ever. */
const DEFAULT_TIMEOUT_SECONDS = 30;
const KEPT_LINES = 10;
/** pipe(7). */
const PIPE_BYTES = 65_536;

/** The points of a container's life at which the host runs hooks. */
export type HookPoint = "prestart" | "createRuntime" | "poststart" | "poststop";

/**
 * Runs the hooks of one point on the host, one after the other. Throws KataError for the first that cannot be started,
 * fails or takes too long; that one is killed. A failure after the start is only worth a warning, as the specification
 * has it.
 */
export async function runHooks(
  deps: HookDeps,
  point: HookPoint,
  hooks: readonly Hook[],
  state: HookState,
): Promise<void> {
  const late = point === "poststart" || point === "poststop";
  for (const [index, hook] of hooks.entries()) {
    try {
      await runHook(deps, hook, state, `hooks.${point}[${index}]`);
    } catch (error) {
      if (!late) throw error;
      deps.logger.warn("hook failed", { container: state.id, error: KataError.from(error) });
    }
  }
}

async function runHook(deps: HookDeps, hook: Hook, state: HookState, field: string): Promise<void> {
  const { sys, loop } = deps;
  const json = utf8Encode(JSON.stringify(state));
  const [stdin, input] = sys.pipe();
  const [output, stderr] = sys.pipe();
  let pid: number;
  try {
    // All of it has to fit, because nobody reads before the hook runs.
    if (json.length > PIPE_BYTES) sys.setPipeSize(input, json.length);
    sys.setNonBlocking(input, true);
    if (sys.write(input, json) !== json.length) throw new KataError("resource-exhausted", "The state exceeds a pipe");
    sys.setNonBlocking(output, true);
    const argv = hook.args.length > 0 ? hook.args : [hook.path];
    pid = sys.spawn({
      path: hook.path,
      argv,
      env: hook.env,
      cwd: state.bundle,
      fds: [stdin, -1, stderr],
      newSession: true,
      deathSignal: signals.SIGKILL,
    });
  } catch (error) {
    sys.close(output);
    throw KataError.wrap(error, `Cannot run the hook ${hook.path}`, { field });
  } finally {
    for (const fd of [stdin, input, stderr]) sys.close(fd);
  }
  const tail = followOutput(deps, output, { keepLines: KEPT_LINES });
  const seconds = hook.timeout ?? DEFAULT_TIMEOUT_SECONDS;
  const timer = loop.setTimer(seconds * 1000, () => sys.kill(pid, signals.SIGKILL));
  const startedMs = loop.nowMs();
  const status = await loop.exited(pid);
  timer.cancel();
  tail.close();
  const words = tail.lines();
  if (status.kind === "exited" && status.code === 0) return;
  const late = status.kind === "signaled" && loop.nowMs() - startedMs >= seconds * 1000;
  const what = late ? `took longer than ${seconds} s` : describeExit(status);
  throw new KataError(late ? "deadline-exceeded" : "aborted", `The hook ${hook.path} ${what}`, {
    field,
    ...(words.length === 0 ? {} : { cause: new Error(`It said: ${words.join("\n")}`) }),
  });
}

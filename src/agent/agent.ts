import { sleep } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Loop } from "../sys/loop.ts";
import { signalName, signals } from "../sys/signals.ts";
import type { Sys } from "../sys/sys.ts";
import { agentService, healthService } from "../wire/services/agent.ts";
import { lazyHandlers } from "../wire/ttrpc/lazy-handlers.ts";
import { TtrpcServer } from "../wire/ttrpc/server.ts";
import { openChannels } from "./channels/channels.ts";
import { powerOff } from "./init/power.ts";
import type { AgentParams } from "./kernel-params.ts";
import type { AgentLog } from "./log.ts";
import { Modules } from "./modules.ts";
import { healthRpcs } from "./rpc/health.ts";
import type { Services } from "./services.ts";
import { Uevents } from "./uevents.ts";

/** What the agent runs in. */
export interface AgentEnvironment {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
  readonly log: AgentLog;
  readonly params: AgentParams;
  /** The agent is PID 1 of the guest. */
  readonly isInit: boolean;
  /** The monotonic clock when the program started; for PID 1, how long the kernel took. */
  readonly startedMs: number;
}

/** Time for the answer to DestroySandbox to reach the host before the machine ends. */
const FAREWELL_MS = 10;
/** Containers are prepared for this long after the first host came, so that it has its first answer before. */
const HOST_HEAD_START_MS = 2;
/** Without a host, they are prepared for this long after the start. */
const PATIENCE_MS = 500;

/**
 * Runs the agent until it is told to stop; resolves with the exit status when it is not PID 1. It is ready as soon as its
 * channels are open: everything about sandboxes and containers is code of its own that is loaded when the host has been
 * answered, or when it is asked for.
 */
export async function runAgent(environment: AgentEnvironment): Promise<number> {
  const { sys, loop, logger, params, isInit, startedMs } = environment;
  for (const key of params.unknown) logger.warn("unknown kernel parameter", { key });
  for (const problem of params.problems) logger.warn("bad kernel parameter", { problem });
  let stop: (reason: string) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const stopped = new Promise<string>((resolve, reject) => {
    stop = resolve;
    fail = reject;
  });
  loop.onSignal([signals.SIGTERM, signals.SIGINT, signals.SIGPWR], (signal) => stop(signalName(signal)));
  loop.onOrphan((pid) => logger.trace("orphan reaped", { pid }));

  const modules = Modules.fromImage({ sys, logger });
  modules.loadChannelModules();
  // Not sooner: these modules cause dozens of events that are no news, and would be gone through while crun makes a container.
  const uevents = new Uevents({ sys, loop });
  uevents.subscribe((event) => {
    const alias = event.properties.get("MODALIAS");
    if (event.action === "add" && alias !== undefined) modules.loadForAlias(alias);
  });
  let services: Promise<Services> | undefined;
  const load = () => {
    if (services === undefined) {
      services = import("./services.ts").then(({ startServices }) =>
        startServices(environment, { uevents, modules, onDestroyed: () => stop("sandbox destroyed") }),
      );
      // A guest that cannot run containers is of no use: better that it ends and says why.
      services.catch(fail);
    }
    return services;
  };
  const server = new TtrpcServer({ clock: loop, logger });
  server.register(healthService, healthRpcs());
  server.register(
    agentService,
    lazyHandlers(
      agentService,
      async () => (await load()).handlers,
      async () => (await load()).rareHandlers(),
    ),
  );
  const loadLater = (delayMs: number) => void loop.setTimer(delayMs, () => void load());
  await openChannels({ ...environment, uevents, server, onHost: () => loadLater(HOST_HEAD_START_MS) }, params);
  logger.info("agent ready", { kernel_ms: Math.round(startedMs), agent_ms: Math.round(sys.nowMs() - startedMs) });
  loadLater(PATIENCE_MS);

  const reason = await stopped;
  if (services !== undefined) await (await services).sandbox.destroy();
  await sleep(loop, FAREWELL_MS);
  if (isInit) powerOff({ sys, logger }, reason);
  return 0;
}

import { Logger } from "../base/logger.ts";
import { version } from "../base/version.ts";
import { linux } from "../sys/linux.ts";
import { type ProgramEnvironment, runProgram } from "../sys/start.ts";
import { runAgent } from "./agent.ts";
import { Console } from "./init/console.ts";
import { mountForChannels } from "./init/mounts.ts";
import { powerOff } from "./init/power.ts";
import { parseAgentParams } from "./kernel-params.ts";
import { AgentLog } from "./log.ts";

/** The monotonic clock starts with the kernel, so this is how long the kernel took. */
const startedMs = linux.nowMs();
const console = new Console(linux);
let logger = new Logger({ sink: () => undefined, wallMs: () => linux.wallMs() }, { level: "info" });

function main({ sys, loop }: ProgramEnvironment): Promise<number> {
  const isInit = sys.pid() === 1;
  // Even the kernel command line is read from a mount, so PID 1 mounts before it knows how to log.
  if (isInit) mountForChannels(sys);
  const params = parseAgentParams(sys.readText("/proc/cmdline"));
  const verbose = params.logLevel === "debug" || params.logLevel === "trace";
  const log = new AgentLog({ console: console.write }, { version, pid: sys.pid(), verbose });
  logger = new Logger({ sink: log.sink, wallMs: () => loop.wallMs() }, { level: params.logLevel });
  return runAgent({ sys, loop, logger, log, params, isInit, startedMs });
}

runProgram(main, {
  onFault: (_error, text) => logger.error("unhandled fault", { error: text }),
  onFatal: (_error, text) => {
    // PID 1 must not end: that is a kernel panic, and the host would see no reason.
    console.write(`kata-agent: fatal: ${text}\n`);
    if (linux.pid() === 1) powerOff({ sys: linux, logger }, "fatal error");
  },
});

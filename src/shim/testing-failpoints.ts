import { Failpoints } from "../base/failpoint.ts";
import type { Logger } from "../base/logger.ts";
import { signals } from "../sys/signals.ts";
import type { ProgramEnvironment } from "../sys/start.ts";

/**
 * The failures that a test asks this shim for: KATA_TS_FAILPOINT says which, or with `@PATH` a file that is read at every
 * point. It counts together with KATA_TS_TESTING=1 only, so that none is set by accident.
 */
export function testingFailpoints({ sys, loop }: ProgramEnvironment, logger: Logger): Failpoints {
  const wanted = sys.env("KATA_TS_TESTING") === "1" ? sys.env("KATA_TS_FAILPOINT") : undefined;
  const file = wanted?.startsWith("@") === true ? wanted.slice(1) : undefined;
  return new Failpoints(
    {
      clock: loop,
      kill: () => sys.kill(sys.pid(), signals.SIGKILL),
      reached: (name) => logger.warn("failpoint", { name }),
    },
    file === undefined ? wanted : () => (sys.exists(file) ? sys.readText(file).trim() : ""),
  );
}

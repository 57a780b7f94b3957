import type { Clock } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { Caller } from "../wire/ttrpc/create-client.ts";

/** What a process says and is told, and what is polled: too many calls for a log that people read. */
const frequent: ReadonlySet<string> = new Set([
  "ReadStdout",
  "ReadStderr",
  "WriteStdin",
  "StatsContainer",
  "GetMetrics",
  "GetOOMEvent",
]);

/**
 * The same calls, each logged when it is over: the method, how long the guest took for it in milliseconds, and the error
 * if it failed. Level `debug`, and `trace` for those that come all the time; streams are not logged. Worth its price only
 * where the logger keeps one of these.
 */
export function logCalls(calls: Caller, deps: { readonly clock: Clock; readonly logger: Logger }): Caller {
  return {
    call: (target, payload, options, decode) => {
      const sentMs = deps.clock.nowMs();
      const ended = (error?: KataError) =>
        deps.logger.log(frequent.has(target.method) ? "trace" : "debug", "agent call", {
          method: target.method,
          ms: (deps.clock.nowMs() - sentMs).toFixed(1),
          error,
        });
      const result = calls.call(target, payload, options, decode);
      result.then(
        () => ended(),
        (error: unknown) => ended(KataError.from(error)),
      );
      return result;
    },
    openStream: (target, payload, options, decode) => calls.openStream(target, payload, options, decode),
  };
}

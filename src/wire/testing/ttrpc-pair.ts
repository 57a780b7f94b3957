import { Logger, type LogRecord } from "../../base/logger.ts";
import { TtrpcClient, type TtrpcClientOptions } from "../ttrpc/client.ts";
import { createClient } from "../ttrpc/create-client.ts";
import type { CallContext, ServiceHandlers } from "../ttrpc/handlers.ts";
import { TtrpcServer } from "../ttrpc/server.ts";
import type { TtrpcServerOptions } from "../ttrpc/server-connection.ts";
import { echoService } from "./echo-service.ts";
import { FakeClock } from "./fake-clock.ts";
import { type MemoryStreamOptions, memoryStreamPair } from "./memory-stream.ts";

export interface TtrpcPairOptions {
  readonly stream?: MemoryStreamOptions;
  readonly server?: TtrpcServerOptions;
  readonly client?: TtrpcClientOptions;
}

/** A client and a server of the echo service, connected by a pair of memory streams. */
export function ttrpcPair(handlers: ServiceHandlers<typeof echoService>, options: TtrpcPairOptions = {}) {
  const clock = new FakeClock();
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "debug" });
  const [near, far] = memoryStreamPair(options.stream);
  const server = new TtrpcServer({ clock, logger }, options.server);
  server.register(echoService, handlers);
  const connection = server.serve(far, { pid: 7, uid: 0, gid: 0 });
  const client = new TtrpcClient({ stream: near, clock }, options.client);
  return { clock, records, near, far, server, connection, client, echo: createClient(echoService, client) };
}

/** A handler that waits for its signal, and remembers how it ended. */
export function waitingHandler() {
  const contexts: CallContext[] = [];
  const reasons: unknown[] = [];
  const handler = (_request: string, context: CallContext) =>
    new Promise<string>((_resolve, reject) => {
      contexts.push(context);
      context.signal.addEventListener("abort", () => {
        reasons.push(context.signal.reason);
        reject(context.signal.reason);
      });
    });
  return { handler, contexts, reasons };
}

import { causeChain, KataError } from "../base/error.ts";
import { formatLogfmt, Logger } from "../base/logger.ts";
import { version } from "../base/version.ts";
import { listenStreams } from "../sys/connect.ts";
import { signals } from "../sys/signals.ts";
import { type ProgramEnvironment, runProgram } from "../sys/start.ts";
import { writeFully } from "../sys/write-fully.ts";
import { HttpServer } from "../wire/http/server.ts";
import { type MonitorArgs, parseMonitorArgs, usageText } from "./args.ts";
import { Monitor } from "./monitor.ts";

const EXIT_USAGE = 2;

runProgram(main);

/** Entry of kata-monitor. */
async function main(env: ProgramEnvironment): Promise<number> {
  const { sys } = env;
  const fail = (error: unknown, code: number) => {
    const { message, hint, cause } = KataError.from(error);
    writeFully(sys, 2, `error: ${[message, ...causeChain(cause)].join(": ")}\n`);
    if (hint !== undefined) writeFully(sys, 2, `  hint    ${hint}\n`);
    return code;
  };
  let args: MonitorArgs;
  try {
    args = parseMonitorArgs(sys.argv().slice(1));
  } catch (error) {
    return fail(error, EXIT_USAGE);
  }
  if (args.action !== "serve") {
    writeFully(sys, 1, args.action === "help" ? usageText : `kata-monitor (kata-ts) version ${version}\n`);
    return 0;
  }
  try {
    return await serve(env, args);
  } catch (error) {
    return fail(error, 1);
  }
}

/** Serves until SIGINT or SIGTERM. */
async function serve(
  { sys, loop }: ProgramEnvironment,
  args: Extract<MonitorArgs, { action: "serve" }>,
): Promise<number> {
  const logger = new Logger(
    { sink: (record) => writeFully(sys, 2, `${formatLogfmt(record)}\n`), wallMs: () => loop.wallMs() },
    { level: args.level },
  );
  const server = new HttpServer({ clock: loop, logger });
  new Monitor({ sys, logger }).register(server);
  const { host, port } = args;
  let listener: { close(): void };
  try {
    listener = listenStreams(sys, loop, { kind: "tcp", host, port }, (stream) => server.serve(stream));
  } catch (error) {
    throw KataError.wrap(error, `Cannot listen on ${host}:${port}`, {
      hint: "Choose another place with --listen-address",
    });
  }
  logger.info("serving metrics", { address: `${host}:${port}` });
  await new Promise<void>((resolve) => {
    loop.onSignal([signals.SIGINT, signals.SIGTERM], () => resolve());
  });
  listener.close();
  server.close();
  return 0;
}

import { causeChain, KataError } from "../base/error.ts";
import { Logger } from "../base/logger.ts";
import { version } from "../base/version.ts";
import { type ProgramEnvironment, runProgram } from "../sys/start.ts";
import { writeFully } from "../sys/write-fully.ts";
import { parseShimArgs, type ShimArgs, usageText } from "./args.ts";
import { startShim } from "./start.ts";

const NAME = "io.containerd.kata.v2";
const EXIT_USAGE = 2;

/** Where faults go: standard error, until a serving shim has a log. */
let report: ((text: string) => void) | undefined;

runProgram(main, { onFault: (_error, text) => report?.(text) });

/** Entry of containerd-shim-kata-v2. Standard output carries the answer and nothing else: containerd reads all of it. */
async function main(env: ProgramEnvironment): Promise<number> {
  const { sys } = env;
  const fail = (error: unknown, code: number) => {
    writeFully(sys, 2, `containerd-shim-kata-v2: ${causeChain(KataError.from(error)).join(": ")}\n`);
    return code;
  };
  let args: ShimArgs;
  try {
    args = parseShimArgs(sys.argv().slice(1));
  } catch (error) {
    return fail(error, EXIT_USAGE);
  }
  try {
    return await run(env, args);
  } catch (error) {
    return fail(error, 1);
  }
}

async function run(env: ProgramEnvironment, args: ShimArgs): Promise<number> {
  const { sys } = env;
  switch (args.action) {
    case "start":
      writeFully(sys, 1, startShim(sys, args));
      return 0;
    case "delete":
      writeFully(sys, 1, await remove(env, args));
      return 0;
    case "version":
      writeFully(sys, 1, `containerd-shim-kata-v2 (kata-ts) version ${version}\n`);
      return 0;
    case "info":
      writeFully(sys, 1, await info());
      return 0;
    case "help":
      writeFully(sys, 1, usageText);
      return 0;
    case "serve":
      return serve(env, args);
    default:
      return args.action satisfies never;
  }
}

// What only one action needs is loaded by that action: `start` has to be quick.
async function serve(env: ProgramEnvironment, args: ShimArgs): Promise<number> {
  if (args.id === "" || args.bundle === "") {
    throw new KataError(
      "invalid-argument",
      "containerd starts this program with `start`; to run containers use kata-ctl",
    );
  }
  const { ShimServer } = await import("./serve.ts");
  const server = new ShimServer(env, args);
  report = (text) => server.fault(text);
  return server.serve();
}

async function remove({ sys, loop }: ProgramEnvironment, args: ShimArgs): Promise<Uint8Array> {
  const { deleteContainer } = await import("./delete.ts");
  const { LogFile } = await import("./log-file.ts");
  const { connectStream } = await import("../sys/connect.ts");
  const bundle = args.bundle === "" ? sys.cwd() : args.bundle;
  const log = new LogFile(sys, `${bundle}/log`);
  const logger = new Logger({ sink: log.sink, wallMs: () => loop.wallMs() }, { level: args.debug ? "debug" : "info" });
  return deleteContainer(
    {
      sys,
      clock: loop,
      logger: logger.child({ sandbox: args.id }),
      connect: (path) => connectStream(sys, loop, { kind: "unix", path }, { timeoutMs: 1000 }),
    },
    args,
  );
}

async function info(): Promise<Uint8Array> {
  const { RuntimeInfo } = await import("../wire/gen/containerd/types/introspection.ts");
  const message = RuntimeInfo.create({ name: NAME, version: { version } });
  return RuntimeInfo.encode(message).finish();
}

import { causeChain, KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { version } from "../base/version.ts";
import { type ProgramEnvironment, runProgram } from "../sys/start.ts";
import { writeFully } from "../sys/write-fully.ts";
import { parseShimArgs, type ShimArgs, usageText } from "./args.ts";

const NAME = "io.containerd.kata.v2";
const EXIT_USAGE = 2;

/** Where faults go: standard error, until a serving shim has a log. */
let report: ((text: string) => void) | undefined;

runProgram(main, { onFault: (_error, text) => report?.(text) });

/** Entry of containerd-shim-kata-v2. Standard output carries the answer and nothing else: containerd reads all of it. */
async function main(env: ProgramEnvironment): Promise<number> {
  const { sys } = env;
  const fail = (error: unknown, code: number) => {
    const problem = KataError.from(error);
    const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
    writeFully(sys, 2, `containerd-shim-kata-v2: ${causeChain(problem).join(": ")}${hint}\n`);
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
      writeFully(sys, 1, await start(env, args));
      return 0;
    case "delete":
      writeFully(sys, 1, await remove(env, args));
      return 0;
    case "version":
      writeFully(sys, 1, `containerd-shim-kata-v2 (kata-ts) version ${version}\n`);
      return 0;
    case "info":
      writeFully(sys, 1, await info(env));
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

// What only one action needs is loaded by that action: `start` has to be quick, and `serve` small.

/** Starts or finds a shim; returns what the caller is to be told. */
async function start(env: ProgramEnvironment, args: ShimArgs): Promise<string | Uint8Array> {
  const [{ startShim }, { noInput, readStartInput }] = await Promise.all([
    import("./start.ts"),
    import("./start-input.ts"),
  ]);
  let warning: Promise<void> | undefined;
  const warn = (message: string, error: Error) => {
    warning = warnInLog(env, args, message, error);
  };
  const bytes = await readStartInput(env);
  const bootstrap = bytes.length === 0 ? undefined : await import("./bootstrap.ts");
  const input = bootstrap?.parseStartInput(bytes, args) ?? noInput;
  const address = startShim(env.sys, args, { input, warn });
  await warning;
  return bootstrap?.startAnswer(address, input.answer) ?? address;
}

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

/** Every byte of output would be taken for the address. */
async function warnInLog(env: ProgramEnvironment, args: ShimArgs, message: string, error: Error): Promise<void> {
  (await bundleLogger(env, args)).warn(message, { error });
}

async function bundleLogger({ sys, loop }: ProgramEnvironment, args: ShimArgs): Promise<Logger> {
  const [{ Logger }, { LogFile }] = await Promise.all([import("../base/logger.ts"), import("./log-file.ts")]);
  const log = new LogFile(sys, `${args.bundle === "" ? sys.cwd() : args.bundle}/log`);
  const level = args.debug ? "debug" : "info";
  return new Logger({ sink: log.sink, wallMs: () => loop.wallMs() }, { level, fields: { sandbox: args.id } });
}

async function remove(env: ProgramEnvironment, args: ShimArgs): Promise<Uint8Array> {
  const { sys, loop } = env;
  const { deleteContainer } = await import("./delete.ts");
  const { connectStream } = await import("../sys/connect.ts");
  return deleteContainer(
    {
      sys,
      clock: loop,
      logger: await bundleLogger(env, args),
      connect: (path) => connectStream(sys, loop, { kind: "unix", path }, { timeoutMs: 1000 }),
    },
    args,
  );
}

/** The runtime options on standard input come back in the answer, as containerd's own shim has it. */
async function info(env: ProgramEnvironment): Promise<Uint8Array> {
  const { RuntimeInfo } = await import("../wire/gen/containerd/types/introspection.ts");
  const { Any } = await import("../wire/gen/google/protobuf/any.ts");
  const { readStartInput } = await import("./start-input.ts");
  const bytes = await readStartInput(env);
  const options = bytes.length === 0 ? undefined : Any.decode(bytes);
  const message = RuntimeInfo.create({ name: NAME, version: { version }, options });
  return RuntimeInfo.encode(message).finish();
}

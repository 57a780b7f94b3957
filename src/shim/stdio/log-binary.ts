import { withTimeout } from "../../base/deadline.ts";
import { KataError } from "../../base/error.ts";
import type { Sys } from "../../sys/sys.ts";
import { DescriptorSink, type SinkDeps } from "./descriptor-sink.ts";
import type { OutputSinks } from "./open-sinks.ts";
import type { StdioTarget } from "./stdio-uri.ts";

/** How long a log program may take until it reads (as containerd has it). */
const READY_TIMEOUT_MS = 10_000;

/**
 * Starts a program that takes a process's outputs: descriptor 3 is its stdout to read, 4 its stderr, and closing 5 says
 * that it reads (containerd, core/runtime/v2/README.md, "Logging"). It ends by itself when both outputs end.
 */
export function startLogBinary(
  deps: SinkDeps & { readonly sys: Sys },
  target: Extract<StdioTarget, { kind: "binary" }>,
  process: { readonly containerId: string; readonly namespace: string },
): OutputSinks {
  const { sys } = deps;
  const opened: number[] = [];
  const pipe = () => {
    const ends = sys.pipe();
    opened.push(...ends);
    return ends;
  };
  try {
    const [outRead, outWrite] = pipe();
    const [errRead, errWrite] = pipe();
    const [readyRead, readyWrite] = pipe();
    for (const fd of [outWrite, errWrite, readyRead]) sys.setNonBlocking(fd, true);
    sys.spawn({
      path: target.path,
      argv: [target.path, ...target.args],
      env: [
        ...sys.environment().filter((entry) => !entry.startsWith("CONTAINER_")),
        `CONTAINER_ID=${process.containerId}`,
        `CONTAINER_NAMESPACE=${process.namespace}`,
      ],
      fds: [-1, -1, -1, outRead, errRead, readyWrite],
      newSession: true,
    });
    for (const fd of [outRead, errRead, readyWrite]) sys.close(fd);
    return {
      stdout: new DescriptorSink(deps, { fd: outWrite, name: "stdout" }),
      stderr: new DescriptorSink(deps, { fd: errWrite, name: "stderr" }),
      ready: awaitReady(deps, readyRead, target.path),
    };
  } catch (error) {
    for (const fd of opened) sys.close(fd);
    throw KataError.wrap(error, `Cannot start the log program ${target.path}`, { field: "stdout" });
  }
}

/** Resolves when the program wrote a byte or closed its end. */
async function awaitReady({ sys, loop }: SinkDeps, fd: number, path: string): Promise<void> {
  const said = new Promise<void>((resolve) => {
    const watch = loop.watch(fd, { read: true }, () => {
      watch.stop();
      resolve();
    });
    loop.setTimer(READY_TIMEOUT_MS, () => watch.stop());
  });
  try {
    await withTimeout(loop, READY_TIMEOUT_MS, `wait for the log program ${path}`, said);
  } finally {
    sys.close(fd);
  }
}

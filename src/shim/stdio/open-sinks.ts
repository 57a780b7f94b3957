import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";
import { DescriptorSink, type SinkDeps } from "./descriptor-sink.ts";
import { startLogBinary } from "./log-binary.ts";
import { discard, type OutputSink } from "./sink.ts";
import { parseStdioUri, type StdioTarget } from "./stdio-uri.ts";

/** What opening streams needs. */
export type StdioSinkDeps = SinkDeps & { readonly sys: Sys };

/** What the agent reads at once. */
const FIFO_BYTES = 256 * 1024;

/** The outputs of one process. */
export interface OutputSinks {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  /** Resolves when the outputs can take data. */
  readonly ready: Promise<void>;
}

/**
 * Opens the outputs that a task request names. Throws KataError that names the field, with nothing left open. A program
 * given for either output takes both.
 */
export function openSinks(
  deps: StdioSinkDeps,
  names: { readonly stdout: string; readonly stderr: string },
  process: { readonly containerId: string; readonly namespace: string },
): OutputSinks {
  const stdout = parseStdioUri(names.stdout, "stdout");
  const stderr = parseStdioUri(names.stderr, "stderr");
  for (const target of [stdout, stderr]) if (target.kind === "binary") return startLogBinary(deps, target, process);
  const out = openSink(deps, stdout, "stdout");
  try {
    // A caller that merges both names one FIFO twice: each output gets its own descriptor.
    return { stdout: out, stderr: openSink(deps, stderr, "stderr"), ready: Promise.resolve() };
  } catch (error) {
    out.close();
    throw error;
  }
}

function openSink(deps: StdioSinkDeps, target: StdioTarget, field: string): OutputSink {
  if (target.kind === "none" || target.kind === "binary") return discard;
  try {
    return target.kind === "file" ? openFile(deps, target.path) : openFifo(deps, target.path);
  } catch (error) {
    throw KataError.wrap(error, `Cannot open ${field} ${target.path}`, { field });
  }
}

function openFile(deps: SinkDeps, path: string): OutputSink {
  deps.sys.mkdirAll(path.slice(0, path.lastIndexOf("/")) || "/");
  const fd = deps.sys.open(path, { write: true, create: true, append: true, mode: 0o644 });
  return new DescriptorSink(deps, { fd, name: path });
}

/**
 * A FIFO is held open for reading too while the process lives, so that a reader may come late, go away and come back. When
 * the process has ended only real readers count: without one, writing fails instead of waiting for ever.
 */
function openFifo(deps: StdioSinkDeps, path: string): OutputSink {
  const { sys } = deps;
  const keeper = sys.open(path, { write: true, read: true, nonBlocking: true });
  if (sys.fstat(keeper).kind !== "fifo") return new DescriptorSink(deps, { fd: keeper, name: path });
  let held = true;
  const letGo = () => {
    if (held) sys.close(keeper);
    held = false;
  };
  enlarge(sys, keeper);
  let writer: number;
  try {
    writer = sys.open(path, { write: true, nonBlocking: true });
  } catch (error) {
    letGo();
    throw error;
  }
  const sink = new DescriptorSink(deps, { fd: writer, name: path, onEnding: letGo });
  return {
    get taken() {
      return sink.taken;
    },
    write: (chunk) => sink.write(chunk),
    ending: () => sink.ending(),
    close() {
      sink.close();
      letGo();
    },
  };
}

/** Room for a whole chunk: the reader is woken less often. A user's limits may forbid it, which only costs speed. */
function enlarge(sys: Sys, fifo: number): void {
  try {
    sys.setPipeSize(fifo, FIFO_BYTES);
  } catch (error) {
    if (!isErrno(error, "EPERM", "EBUSY", "EINVAL")) throw error;
  }
}

import { maxFramePayload } from "../../wire/ttrpc/frame.ts";
import type { CallContext } from "../../wire/ttrpc/handlers.ts";
import { bytesField } from "../../wire/ttrpc/raw-payload.ts";
import type { ProcessOutput } from "../container/output.ts";
import { decideSignal } from "../container/signal-rules.ts";
import type { Sandbox } from "../sandbox.ts";
import type { AgentHandlers } from "./handlers.ts";

/** The frame's and the message's own bytes around the output. */
const OVERHEAD = 64;
/** For hosts that ask for nothing in particular. */
const DEFAULT_READ = 32 * 1024;
/** Number of the field `data` in ReadStreamResponse. */
const DATA_FIELD = 1;

/** Processes in containers: signals, waiting and standard streams. */
export function processRpcs({ sandbox }: { readonly sandbox: Sandbox }): AgentHandlers {
  /** Output goes from the pipe into the response without being copied. */
  const read = async (output: ProcessOutput | undefined, wanted: number, { signal }: CallContext) => {
    const limit = Math.min(wanted === 0 ? DEFAULT_READ : wanted, maxFramePayload - OVERHEAD);
    const data = output === undefined ? new Uint8Array(0) : await output.read(limit, signal);
    return { raw: bytesField(DATA_FIELD, data) };
  };
  return {
    async execProcess(request, { signal }) {
      await sandbox.exec(request, signal);
      return {};
    },
    signalProcess({ containerId, execId, signal }) {
      const container = sandbox.container(containerId);
      const process = container.process(execId);
      const decision = decideSignal({
        signal,
        execId,
        isInit: process === container.init && !container.sharesPidNamespace,
        handlesTerm: () => process.handlesTerm(),
      });
      if (decision.kind === "everything") container.killAll();
      else process.signal(decision.signal);
      return {};
    },
    async waitProcess({ containerId, execId }) {
      const process = sandbox.process(containerId, execId);
      const status = await process.exited;
      process.waited = true;
      return { status };
    },
    async writeStdin({ containerId, execId, data }) {
      return { len: await sandbox.process(containerId, execId).stdio.stdin.write(data) };
    },
    readStdout: ({ containerId, execId, len }, context) =>
      read(sandbox.process(containerId, execId).stdio.stdout, len, context),
    readStderr: ({ containerId, execId, len }, context) =>
      read(sandbox.process(containerId, execId).stdio.stderr, len, context),
    closeStdin({ containerId, execId }) {
      const { stdio } = sandbox.process(containerId, execId);
      // A terminal has no end of input of its own: the program decides by what is typed.
      if (stdio.terminal === undefined) stdio.stdin.close();
      return {};
    },
    ttyWinResize({ containerId, execId, row, column }) {
      sandbox.process(containerId, execId).resize(row, column);
      return {};
    },
  };
}

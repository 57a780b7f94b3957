import { KataError } from "../base/error.ts";
import { WriteStreamRequest } from "../wire/gen/agent/agent.ts";
import { bytesField } from "../wire/ttrpc/raw-payload.ts";
import type { AgentApi } from "./agent-api.ts";
import { deadlines } from "./deadlines.ts";
import type { RemoteStreams } from "./process-io.ts";

/** Field number of `data` in WriteStreamRequest. */
const DATA_FIELD = 3;

/** The streams of one process, over the agent's stream calls. None of them has a deadline: people think. */
export function remoteStreams(
  agent: AgentApi,
  process: {
    readonly containerId: string;
    readonly execId: string;
    readonly terminal: boolean;
    readonly readsAtOnce: number;
  },
): RemoteStreams {
  const { containerId, execId, terminal, readsAtOnce } = process;
  // Encoded once; the bytes are appended to each call without being copied.
  const head = WriteStreamRequest.encode({ containerId, execId, data: new Uint8Array(0) }).finish();
  const within = (data: Uint8Array, length: number): Uint8Array => {
    if (data.length > length) {
      throw new KataError("internal", `The agent sent ${data.length} bytes of output where ${length} were asked for`);
    }
    return data;
  };
  return {
    readsAtOnce,
    readStdout: async (length) => within((await agent.readStdout({ containerId, execId, len: length })).data, length),
    readStderr: terminal
      ? undefined
      : async (length) => within((await agent.readStderr({ containerId, execId, len: length })).data, length),
    async writeStdin(bytes) {
      const { len } = await agent.writeStdin({ raw: [head, ...bytesField(DATA_FIELD, bytes)] });
      if (len !== bytes.length) {
        throw new KataError("internal", `The agent took ${len} of ${bytes.length} bytes of input`);
      }
    },
    async closeStdin() {
      await agent.closeStdin({ containerId, execId }, { timeoutMs: deadlines.closeStdin });
    },
  };
}

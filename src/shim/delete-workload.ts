import type { ByteStream } from "../base/byte-stream.ts";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { signals } from "../sys/signals.ts";
import type { DeleteResponse } from "../wire/gen/containerd/task/v2/shim.ts";
import { taskV2Service } from "../wire/services/task.ts";
import { TtrpcClient } from "../wire/ttrpc/client.ts";
import { createClient } from "../wire/ttrpc/create-client.ts";

/** The shim ends the VM of a guest that hangs within this time. */
const TIMEOUT_MS = 1800;

export interface DeleteWorkloadDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connect: (path: string) => Promise<ByteStream>;
}

/**
 * Has a pod's shim kill and delete one of its containers. containerd takes the container to be gone after it lost the
 * connection for it, so nothing of it may stay. Mostly the shim has deleted it long before. Returns how it ended, if the
 * shim told.
 */
export async function deleteWorkload(
  { clock, logger, connect }: DeleteWorkloadDeps,
  { id, socket }: { readonly id: string; readonly socket: string },
): Promise<DeleteResponse | undefined> {
  const deadline = new Deadline(clock, TIMEOUT_MS);
  const options = () => ({ timeoutMs: deadline.remainingMs() });
  let client: TtrpcClient | undefined;
  try {
    client = new TtrpcClient({ stream: await connect(socket), clock, logger });
    const task = createClient(taskV2Service, client);
    const process = { id, execId: "" };
    await task.kill({ ...process, signal: signals.SIGKILL, all: true }, options());
    await task.wait(process, options());
    return await task.delete(process, options());
  } catch (error) {
    const problem = KataError.from(error);
    // The container is gone, or its whole sandbox is.
    if (problem.code !== "not-found" && problem.code !== "unavailable") {
      logger.warn("the shim does not delete the container", { container: id, error: problem });
    }
    return undefined;
  } finally {
    client?.close();
  }
}

import type { CallOptions } from "../../base/cancel.ts";
import { KataError } from "../../base/error.ts";
import { connectStream } from "../../sys/connect.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import { taskV2Service } from "../../wire/services/task.ts";
import { TtrpcClient } from "../../wire/ttrpc/client.ts";
import { createClient, type ServiceClient } from "../../wire/ttrpc/create-client.ts";

/** The task API of one shim. */
export type TaskClient = ServiceClient<typeof taskV2Service>;

/** A connection to a shim. */
export interface ShimConnection {
  readonly task: TaskClient;
  /** Settles when the connection is over, with the reason: after an orderly shutdown, or because the shim died. */
  readonly closed: Promise<KataError>;
  close(): void;
}

/** What connecting needs. */
export interface ConnectDeps {
  readonly sys: Sys;
  readonly loop: Loop;
}

/** Connects to the socket that a shim printed. Throws `unavailable` when nobody listens there. */
export async function connectShim(deps: ConnectDeps, path: string, options: CallOptions = {}): Promise<ShimConnection> {
  try {
    const stream = await connectStream(deps.sys, deps.loop, { kind: "unix", path }, { timeoutMs: 5000, ...options });
    const client = new TtrpcClient({ stream, clock: deps.loop });
    return { task: createClient(taskV2Service, client), closed: client.closed, close: () => client.close() };
  } catch (error) {
    if (!isErrno(error, "ECONNREFUSED", "ENOENT")) throw error;
    throw new KataError("unavailable", "The container's shim does not run any more", { cause: error });
  }
}

/** Connects to the shim of a bundle, by the address that it wrote there. Throws `unavailable`. */
export async function connectBundle(
  deps: ConnectDeps,
  bundle: string,
  options: CallOptions = {},
): Promise<ShimConnection> {
  let address: string;
  try {
    address = deps.sys.readText(`${bundle}/address`, 4096);
  } catch (error) {
    throw new KataError("unavailable", "The container's shim does not run any more", { cause: error });
  }
  return connectShim(deps, address.trim().replace(/^unix:\/\//, ""), options);
}

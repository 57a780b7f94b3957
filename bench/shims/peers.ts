import { readFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { taskV2Service } from "../../src/wire/services/task.ts";
import { TtrpcClient } from "../../src/wire/ttrpc/client.ts";
import { createClient, type ServiceClient } from "../../src/wire/ttrpc/create-client.ts";
import { type Containerd, kataRuntime, runcRuntime } from "../../test/support/containerd.ts";
import { cache } from "../../test/support/guest-build.ts";
import { NodeStream, nodeClock } from "../../test/support/node-stream.ts";
import { shimProgram } from "../../test/support/shim-host.ts";

/** The demo image's name in the bench's containerd. */
export const image = "docker.io/library/busybox:latest";

/** The two shims that are measured side by side, and what containerd calls their runtimes. */
export const peers = { kata: kataRuntime, runc: runcRuntime } as const;
export type Peer = keyof typeof peers;

/** Their programs. */
export const shimPrograms: Readonly<Record<Peer, string>> = {
  kata: shimProgram,
  runc: path.join(cache, "containerd/1.6/usr/bin/containerd-shim-runc-v2"),
};

/** A figure of both. */
export type Pair = Readonly<Record<Peer, number[]>>;

/** A connection to a shim. */
export interface ShimConnection {
  readonly task: ServiceClient<typeof taskV2Service>;
  readonly client: TtrpcClient;
}

/** Connects to the socket of a shim. */
export async function connectShim(address: string): Promise<ShimConnection> {
  const socket = connect(address.replace(/^unix:\/\//, ""));
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const client = new TtrpcClient({ stream: new NodeStream(socket), clock: nodeClock });
  return { task: createClient(taskV2Service, client), client };
}

/** Where containerd keeps the bundle of a task. */
export function bundleOf({ directory }: Containerd, id: string): string {
  return path.join(directory, "state/io.containerd.runtime.v2.task/default", id);
}

/** Starts a detached container that waits, and connects to its shim beside containerd. */
export async function startIdle(containerd: Containerd, peer: Peer, id: string): Promise<ShimConnection> {
  await containerd.must(["run", "-d", "--runtime", peers[peer], image, id, "sleep", "100000"]);
  return connectShim(readFileSync(path.join(bundleOf(containerd, id), "address"), "utf8"));
}

/** Ends what `startIdle` started. */
export async function endIdle(containerd: Containerd, id: string): Promise<void> {
  await containerd.ctr(["tasks", "rm", "-f", id]);
  await containerd.ctr(["containers", "rm", id]);
}

/** Measures both in turn, A B A B ..., after one warm-up each, so that a drift of the machine hits both alike. */
export async function inTurn(rounds: number, measure: (peer: Peer, round: number) => Promise<number>): Promise<Pair> {
  const values = { kata: [] as number[], runc: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    for (const peer of ["kata", "runc"] as const) {
      const value = await measure(peer, round + 1);
      if (round >= 0) values[peer].push(value);
    }
  }
  return values;
}

import type { Containerd } from "../../test/support/containerd.ts";
import { until } from "../../test/support/until.ts";
import { endIdle, inTurn, type Pair, type Peer, type ShimConnection, startIdle } from "./peers.ts";

/** Calls under way at once when they are pipelined. */
const DEPTH = 64;

/** A tmpfs of the container, so in the guest's memory. */
const COPY = "/dev/true";

/** What the task API of a running container costs. */
export interface CallFigures {
  /** State, one after the other: microseconds each, as medians of 200 calls. */
  readonly sequentialUs: Pair;
  /** State, 64 under way at once: calls a second. */
  readonly pipelined: Pair;
  /** Exec, Start and Wait of `true` without streams: milliseconds. */
  readonly execMs: Pair;
  /** The same of kata, less what crun took in the guest, by the agent's log. The program's own run is in it. */
  readonly beyondCrunMs: readonly number[];
  /** The same with a copy of the program in the guest's memory: nothing is read from the share for it. */
  readonly beyondCrunFromMemoryMs: readonly number[];
  /** Delete of a container that was killed, its VM included: milliseconds. */
  readonly deleteMs: Pair;
}

/** Drives a container of each over the task API, in turn, on connections of its own. */
export async function measureCalls(containerd: Containerd, rounds: number): Promise<CallFigures> {
  const ids = { kata: "bench-kata", runc: "bench-runc" } as const;
  const shims = {
    kata: await startIdle(containerd, "kata", ids.kata),
    runc: await startIdle(containerd, "runc", ids.runc),
  };
  try {
    const sequentialUs = await inTurn(rounds, (peer) => sequential(shims[peer], ids[peer]));
    const pipelined = await inTurn(rounds, (peer) => pipeline(shims[peer], ids[peer]));
    const execs = { containerd, shims, ids };
    const fromShare = await measureExecs(execs, "true", 4 * rounds);
    for (const peer of ["kata", "runc"] as const) await execOnce(execs, peer, ["cp", "/bin/busybox", COPY]);
    const fromMemory = await measureExecs(execs, COPY, 4 * rounds);
    const deleteMs = { kata: [] as number[], runc: [] as number[] };
    for (const peer of ["kata", "runc"] as const) {
      const { task } = shims[peer];
      await task.kill({ id: ids[peer], execId: "", signal: 9, all: true });
      await task.wait({ id: ids[peer], execId: "" });
      const beganAt = performance.now();
      await task.delete({ id: ids[peer], execId: "" });
      deleteMs[peer].push(performance.now() - beganAt);
    }
    return {
      sequentialUs,
      pipelined,
      execMs: fromShare.ms,
      beyondCrunMs: fromShare.beyondCrunMs,
      beyondCrunFromMemoryMs: fromMemory.beyondCrunMs,
      deleteMs,
    };
  } finally {
    for (const peer of ["kata", "runc"] as const) {
      shims[peer].client.close();
      await endIdle(containerd, ids[peer]);
    }
  }
}

async function sequential({ task }: ShimConnection, id: string): Promise<number> {
  const times: number[] = [];
  for (let call = 0; call < 200; call++) {
    const beganAt = performance.now();
    await task.state({ id, execId: "" });
    times.push(performance.now() - beganAt);
  }
  return (times.sort((a, b) => a - b)[100] ?? 0) * 1000;
}

async function pipeline({ task }: ShimConnection, id: string, calls = 10_000): Promise<number> {
  let left = calls;
  const worker = async () => {
    while (left-- > 0) await task.state({ id, execId: "" });
  };
  const beganAt = performance.now();
  await Promise.all(Array.from({ length: DEPTH }, worker));
  return calls / ((performance.now() - beganAt) / 1000);
}

interface Execs {
  readonly containerd: Containerd;
  readonly shims: Readonly<Record<Peer, ShimConnection>>;
  readonly ids: Readonly<Record<Peer, string>>;
}

async function measureExecs(
  execs: Execs,
  program: string,
  rounds: number,
): Promise<{ readonly ms: Pair; readonly beyondCrunMs: readonly number[] }> {
  const beyondCrunMs: number[] = [];
  const ms = await inTurn(rounds, async (peer, round) => {
    const { wholeMs, crunMs } = await execOnce(execs, peer, [program]);
    if (crunMs !== undefined && round > 0) beyondCrunMs.push(wholeMs - crunMs);
    return wholeMs;
  });
  return { ms, beyondCrunMs };
}

/** `crunMs`: what crun took in the guest until the program was about to run. */
async function execOnce(
  { containerd, shims, ids }: Execs,
  peer: Peer,
  args: readonly string[],
): Promise<{ readonly wholeMs: number; readonly crunMs: number | undefined }> {
  const known = crunTimes(containerd).length;
  const wholeMs = await exec(shims[peer], ids[peer], args);
  if (peer !== "kata") return { wholeMs, crunMs: undefined };
  // The log travels beside the answers: a line that came late would be taken for the next exec's.
  return { wholeMs, crunMs: await until("the agent's line about crun", () => crunTimes(containerd)[known]) };
}

async function exec({ task }: ShimConnection, id: string, args: readonly string[]): Promise<number> {
  const execId = "exec";
  const spec = {
    typeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Process",
    value: Buffer.from(JSON.stringify({ user: { uid: 0, gid: 0 }, args, env: ["PATH=/bin"], cwd: "/" })),
  };
  const beganAt = performance.now();
  await task.exec({ id, execId, terminal: false, stdin: "", stdout: "", stderr: "", spec });
  await task.start({ id, execId });
  const { exitStatus } = await task.wait({ id, execId });
  const ms = performance.now() - beganAt;
  await task.delete({ id, execId });
  if (exitStatus !== 0) throw new Error(`${args.join(" ")} exited with ${exitStatus} in ${id}`);
  return ms;
}

function crunTimes(containerd: Containerd): number[] {
  return [...containerd.log().matchAll(/"?crun ended"?.*\bcommand=exec\b.*\bms=(\d+)/g)].map((match) =>
    Number(match[1]),
  );
}

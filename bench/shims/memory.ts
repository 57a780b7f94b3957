import { readdirSync, readFileSync } from "node:fs";
import type { Containerd } from "../../test/support/containerd.ts";
import { endIdle, image, type Pair, type Peer, peers } from "./peers.ts";

/** Of each shim while several run, in KiB. */
export interface MemoryFigures {
  readonly pss: Pair;
  readonly rss: Pair;
  readonly uss: Pair;
  readonly threads: Pair;
}

/** A shim tidies up when it was idle for a second, and looks after its guest every 5 s. */
const SETTLE_MS = 8000;

/** Starts `pods` idle containers of each peer, one peer after the other, and reads /proc of their shims. */
export async function measureShimMemory(containerd: Containerd, pods: number): Promise<MemoryFigures> {
  const kata = await memoryOf(containerd, "kata", pods);
  const runc = await memoryOf(containerd, "runc", pods);
  const pair = (of: (shim: ShimMemory) => number): Pair => ({ kata: kata.map(of), runc: runc.map(of) });
  return {
    pss: pair(({ pss }) => pss),
    rss: pair(({ rss }) => rss),
    uss: pair(({ uss }) => uss),
    threads: pair(({ threads }) => threads),
  };
}

interface ShimMemory {
  readonly pss: number;
  readonly rss: number;
  readonly uss: number;
  readonly threads: number;
}

async function memoryOf(containerd: Containerd, peer: Peer, pods: number): Promise<ShimMemory[]> {
  const ids = Array.from({ length: pods }, (_, index) => `memory-${peer}-${index}`);
  try {
    for (const id of ids) {
      await containerd.must(["run", "-d", "--runtime", peers[peer], image, id, "sleep", "100000"]);
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return shimPids(peer, ids).map(readMemory);
  } finally {
    for (const id of ids) await endIdle(containerd, id);
  }
}

function shimPids(peer: Peer, ids: readonly string[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words[0]?.endsWith(`containerd-shim-${peer}-v2`) && words.some((word) => ids.includes(word));
      } catch {
        return false;
      }
    });
}

function readMemory(pid: number): ShimMemory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (text: string, name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
  return {
    pss: field(rollup, "Pss"),
    rss: field(rollup, "Rss"),
    uss: field(rollup, "Private_Clean") + field(rollup, "Private_Dirty"),
    threads: field(status, "Threads"),
  };
}

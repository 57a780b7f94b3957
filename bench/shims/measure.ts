// The shims beside each other under a containerd of the bench's own. Bundled and called by bench/run.mjs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Containerd, startContainerd } from "../../test/support/containerd.ts";
import { demoImage } from "../../test/support/pause-image.ts";
import { configuration } from "../../test/support/shim-host.ts";
import { type CallFigures, measureCalls } from "./calls.ts";
import { type MemoryFigures, measureShimMemory } from "./memory.ts";
import { image } from "./peers.ts";
import { measureRuns, type RunFigures } from "./runs.ts";
import { Stamps } from "./stamps.ts";
import { measureShimStarts, type StartTimes } from "./start.ts";

export interface ShimFigures {
  readonly starts: StartTimes;
  readonly runs: RunFigures;
  /** Runs with the debug logs of the agent and the shim, which cost time and tell what crun and the agent's calls took. */
  readonly talkativeRuns: RunFigures;
  readonly memory: MemoryFigures;
  readonly calls: CallFigures;
}

/** Takes about a minute and a half on a quiet machine without KVM. */
export async function measureShims(options: { readonly pods: number }): Promise<ShimFigures> {
  const directory = mkdtempSync("/tmp/bctd-");
  try {
    const stamps = new Stamps(directory);
    const plain = { directory: path.join(directory, "a"), kataConfiguration: configuration, programs: stamps.programs };
    const figures = await withContainerd(plain, async (containerd) => ({
      starts: await measureShimStarts(containerd, 20),
      runs: await measureRuns(containerd, stamps, 10),
      memory: await measureShimMemory(containerd, options.pods),
    }));
    const talkative = (name: string, parts: readonly string[]) => {
      const kataConfiguration = talkativeCopy(path.join(directory, `${name}.toml`), parts);
      return { ...plain, directory: path.join(directory, name), kataConfiguration };
    };
    const talkativeRuns = await withContainerd(talkative("b", ["agent.kata", "runtime"]), (containerd) =>
      measureRuns(containerd, stamps, 5),
    );
    const calls = await withContainerd(talkative("c", ["agent.kata"]), (containerd) => measureCalls(containerd, 5));
    return { ...figures, talkativeRuns, calls };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A copy of the configuration with the debug logs of some sections, which tell where the time goes. */
function talkativeCopy(file: string, sections: readonly string[]): string {
  let text = readFileSync(configuration, "utf8");
  for (const section of sections) {
    const quiet = new RegExp(`(\\[${section.replace(".", "\\.")}\\][^[]*?^enable_debug = )false`, "m");
    text = text.replace(quiet, "$1true");
  }
  writeFileSync(file, text);
  return file;
}

interface BenchContainerd {
  readonly directory: string;
  readonly kataConfiguration: string;
  /** Where containerd finds the shims first. */
  readonly programs: string;
}

async function withContainerd<T>(options: BenchContainerd, work: (containerd: Containerd) => Promise<T>): Promise<T> {
  const { directory, kataConfiguration, programs } = options;
  const containerd = await startContainerd({ version: "1.6", directory, kataConfiguration, programs });
  try {
    await containerd.importImage(demoImage, image);
    return await work(containerd);
  } finally {
    await containerd.stop();
  }
}

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
import { measureShimStarts, type StartTimes } from "./start.ts";

export interface ShimFigures {
  readonly starts: StartTimes;
  readonly runs: RunFigures;
  readonly memory: MemoryFigures;
  readonly calls: CallFigures;
}

/** Takes about a minute and a half on a quiet machine without KVM. */
export async function measureShims(options: { readonly pods: number }): Promise<ShimFigures> {
  const directory = mkdtempSync("/tmp/bctd-");
  try {
    const figures = await withContainerd(path.join(directory, "a"), configuration, async (containerd) => ({
      starts: await measureShimStarts(containerd, 20),
      runs: await measureRuns(containerd, 5),
      memory: await measureShimMemory(containerd, options.pods),
    }));
    // How long crun takes in the guest is told by the agent's debug log, which would cost the starts above time.
    const talkative = path.join(directory, "configuration.toml");
    const text = readFileSync(configuration, "utf8");
    writeFileSync(talkative, text.replace(/(\[agent\.kata\][^[]*?^enable_debug = )false/m, "$1true"));
    const calls = await withContainerd(path.join(directory, "b"), talkative, (containerd) =>
      measureCalls(containerd, 5),
    );
    return { ...figures, calls };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function withContainerd<T>(
  directory: string,
  kataConfiguration: string,
  work: (containerd: Containerd) => Promise<T>,
): Promise<T> {
  const containerd = await startContainerd({ version: "1.6", directory, kataConfiguration });
  try {
    await containerd.importImage(demoImage, image);
    return await work(containerd);
  } finally {
    await containerd.stop();
  }
}

import { readdirSync, readFileSync } from "node:fs";
import { get } from "node:http";

/** What a process holds. */
export interface Figures {
  readonly rssKib: number;
  readonly pssKib: number;
  readonly descriptors: number;
}

/** Reads them from /proc. */
function figuresOf(pid: number): Figures {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(rollup)?.[1]);
  return { rssKib: kib("Rss"), pssKib: kib("Pss"), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** The agent's resident memory, as the metrics of a sandbox's shim have it. */
async function agentRssKib(sandboxId: string): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    const socketPath = `/run/vc/sbs/${sandboxId}/shim-monitor.sock`;
    // Without an agent of its own the connection would be kept, and counted as a descriptor of the shim the next time.
    const request = get({ socketPath, path: "/metrics", agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve(body));
    });
    request.on("error", reject);
  });
  const bytes = /^kata_agent_total_rss(?:\{\})? (\d+)$/m.exec(text)?.[1];
  if (bytes === undefined) throw new Error(`The metrics have no kata_agent_total_rss:\n${text.slice(0, 2000)}`);
  return Number(bytes) / 1024;
}

/** A loop that has been idle for a second collects garbage and gives free memory back: what is left after that is kept. */
const IDLE_MS = 2500;

/** What a shim and the agent of its sandbox have once they are idle. */
export async function idleFigures(
  shimPid: number,
  sandboxId: string,
): Promise<Figures & { readonly agentKib: number }> {
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  // First: asking for the agent's wakes the shim.
  const figures = figuresOf(shimPid);
  return { ...figures, agentKib: await agentRssKib(sandboxId) };
}

/**
 * How much a series grew from its first sample to its last one, by the line that fits it best (least squares), and the
 * standard error of that: one sample that stands out changes little.
 */
export function growth(samples: readonly number[]): { readonly by: number; readonly error: number } {
  const count = samples.length;
  const middle = (count - 1) / 2;
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / count;
  const variance = samples.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const slope = samples.reduce((sum, sample, index) => sum + (index - middle) * (sample - mean), 0) / variance;
  const misfit = samples.reduce((sum, sample, index) => sum + (sample - mean - slope * (index - middle)) ** 2, 0);
  const error = Math.sqrt(misfit / (count - 2) / variance);
  return { by: slope * (count - 1), error: error * (count - 1) };
}

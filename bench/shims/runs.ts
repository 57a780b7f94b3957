import type { Containerd } from "../../test/support/containerd.ts";
import { image, inTurn, type Pair, peers } from "./peers.ts";

/** `ctr run --rm IMAGE true`, as its caller sees it, and where the time of kata's goes. Milliseconds. */
export interface RunFigures {
  readonly total: Pair;
  /** Spawn of ctr until the VMM's program runs. */
  readonly toVmm: readonly number[];
  /** Until the container is created, less what lies between VMM exec and the agent's first answer, plus the agent's own start. */
  readonly aroundBoot: readonly number[];
}

export async function measureRuns(containerd: Containerd, rounds: number): Promise<RunFigures> {
  const toVmm: number[] = [];
  const aroundBoot: number[] = [];
  const total = await inTurn(rounds, async (peer, round) => {
    const id = `run-${peer}-${round}`;
    const beganAt = Date.now();
    await containerd.must(["run", "--rm", "--runtime", peers[peer], image, id, "true"]);
    const ms = Date.now() - beganAt;
    if (peer === "kata" && round > 0) {
      const log = containerd.log();
      const at = (message: string) => timeOf(log, id, message);
      toVmm.push(at("vmm started") - beganAt);
      const agentMs = Number(new RegExp(`sandbox=${id}\\b.*\\bagent_ms=(\\d+)`).exec(log)?.[1]);
      const booting = at("agent answered") - at("vmm started");
      aroundBoot.push(at("container created") - at("shim serves") - booting + agentMs);
    }
    return ms;
  });
  return { total, toVmm, aroundBoot };
}

function timeOf(log: string, id: string, message: string): number {
  const line = log.split("\n").find((text) => text.includes(`sandbox=${id}`) && text.includes(`msg="${message}"`));
  const time = /time="?([\d:.TZ+-]+)/.exec(line ?? "")?.[1];
  if (time === undefined) throw new Error(`The log has no "${message}" of ${id}`);
  return Date.parse(time);
}

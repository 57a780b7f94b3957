import type { Containerd } from "../../test/support/containerd.ts";
import { image, inTurn, type Pair, peers } from "./peers.ts";
import type { Stamps } from "./stamps.ts";

/** `ctr run --rm IMAGE true`, as its caller sees it, and where the time of kata's goes. Milliseconds. */
export interface RunFigures {
  readonly total: Pair;
  /** Spawn of ctr until containerd starts the shim: what the shim has no part in. */
  readonly toShim: Pair;
  /** Spawn of ctr until the VMM's program runs. */
  readonly toVmm: readonly number[];
  /** From there on: start of the shim until the VMM's program runs. */
  readonly shimToVmm: readonly number[];
  readonly start: readonly StartShares[];
}

/** A start of a container, without the boot of the kernel. Milliseconds. */
export interface StartShares {
  /** VMM exec until the agent's first answer. */
  readonly boot: number;
  /** Shim serves until the container is created, less `boot`, plus the agent's own start. */
  readonly aroundBoot: number;
  /** The agent's start, /init until ready; by the guest's clock. */
  readonly agent: number;
  /** What crun took to create the container; by the guest's clock. Undefined without the agent's debug log. */
  readonly crun: number | undefined;
  /**
   * Spawn of ctr until the container is started, less `boot` and the time in which the shim waited for an answer of the
   * agent: what it would take beside an agent that answers at once. Undefined without the shim's debug log.
   */
  readonly hostPart: number | undefined;
}

/** Runs containers of both peers in turn. `stamps` must stand on this containerd's PATH. */
export async function measureRuns(containerd: Containerd, stamps: Stamps, rounds: number): Promise<RunFigures> {
  const toShim = { kata: [] as number[], runc: [] as number[] };
  const toVmm: number[] = [];
  const shimToVmm: number[] = [];
  const start: StartShares[] = [];
  const total = await inTurn(rounds, async (peer, round) => {
    const id = `run-${peer}-${round}`;
    const beganAt = Date.now();
    await containerd.must(["run", "--rm", "--runtime", peers[peer], image, id, "true"]);
    const ms = Date.now() - beganAt;
    const shimAt = stamps.takeStart(peer);
    if (round === 0) return ms;
    toShim[peer].push(shimAt - beganAt);
    if (peer === "kata") {
      const vmmAt = timeOf(containerd.log(), id, "vmm started");
      toVmm.push(vmmAt - beganAt);
      shimToVmm.push(vmmAt - shimAt);
      start.push(startShares(containerd.log(), id, beganAt));
    }
    return ms;
  });
  return { total, toShim, toVmm, shimToVmm, start };
}

/** The shares of a start that is in containerd's log. */
function startShares(log: string, id: string, beganAt: number): StartShares {
  const at = (message: string) => timeOf(log, id, message);
  const agent = Number(new RegExp(`sandbox=${id}\\b.*\\bagent_ms=(\\d+)`).exec(log)?.[1]);
  const crun = new RegExp(`msg="crun ended".*sandbox=${id}\\b.*\\bcommand=create\\b.*\\bms=(\\d+)`).exec(log)?.[1];
  const boot = at("agent answered") - at("vmm started");
  return {
    boot,
    agent,
    aroundBoot: at("container created") - at("shim serves") - boot + agent,
    crun: crun === undefined ? undefined : Number(crun),
    hostPart: hostPart(log, id, { beganAt, boot }),
  };
}

function hostPart(
  log: string,
  id: string,
  run: { readonly beganAt: number; readonly boot: number },
): number | undefined {
  const calls = agentCalls(log, id);
  const started = calls.find((call) => call.method === "StartContainer");
  if (started === undefined) return undefined;
  let waited = 0;
  let until = 0;
  // Calls overlap: what was waited for once does not count again.
  for (const { from, to } of calls.filter((call) => call.to <= started.to).sort((a, b) => a.from - b.from)) {
    waited += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return started.to - run.beganAt - run.boot - waited;
}

/** The agent's calls in the shim's debug log, by the wall clock in milliseconds. */
function agentCalls(log: string, id: string): { method: string | undefined; from: number; to: number }[] {
  const lines = log.split("\n").filter((line) => line.includes(`sandbox=${id}`) && line.includes('msg="agent call"'));
  return lines.map((line) => {
    const to = stamp(line);
    return { method: /\bmethod=(\w+)/.exec(line)?.[1], from: to - Number(/\bms=([\d.]+)/.exec(line)?.[1]), to };
  });
}

function timeOf(log: string, id: string, message: string): number {
  const line = log.split("\n").find((text) => text.includes(`sandbox=${id}`) && text.includes(`msg="${message}"`));
  if (line === undefined) throw new Error(`The log has no "${message}" of ${id}`);
  return stamp(line);
}

function stamp(line: string): number {
  return Date.parse(/time="?([\d:.TZ+-]+)/.exec(line)?.[1] ?? "");
}

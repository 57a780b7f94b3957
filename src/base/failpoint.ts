import type { Clock } from "./clock.ts";
import { sleep } from "./clock.ts";
import { KataError } from "./error.ts";

/** The places where a test can make a start fail, in the order a start passes them. */
export const failpointNames = [
  "config-loaded",
  "state-claimed",
  "record-written",
  "share-prepared",
  "share-fs-before-start",
  "share-fs-started",
  "network-joined",
  "vmm-before-start",
  "vmm-started",
  "rootfs-mounted",
  "volumes-mounted",
  "agent-connected",
  "guest-prepared",
  "container-before-create",
  "container-created",
  "container-before-start",
  "container-started",
  "exec-before-start",
  "stop-before-vmm",
  "stop-before-unwind",
] as const;
export type FailpointName = (typeof failpointNames)[number];

type Action = { readonly kind: "error" | "kill" | "wait" } | { readonly kind: "delay"; readonly ms: number };

const POLL_MS = 20;

export interface FailpointDeps {
  readonly clock: Clock;
  /** Ends the process as SIGKILL does. */
  readonly kill: () => void;
  /** Told of a point at which something is to happen, before it does. */
  readonly reached?: (name: FailpointName) => void;
}

/**
 * Named failures for tests: `name=error`, `name=delay:250`, `name=kill`, or `name=wait` for as long as the specification
 * says so; separated by commas. Without a specification every point costs a lookup in an empty map; a specification that
 * is a function is asked at every point, so that a test can change its mind.
 */
export class Failpoints {
  private readonly deps: FailpointDeps;
  private readonly actions: () => ReadonlyMap<string, Action>;

  /** Throws KataError `invalid-argument` for a malformed specification. */
  constructor(deps: FailpointDeps, specification: string | (() => string) = "") {
    this.deps = deps;
    if (typeof specification === "function") this.actions = () => parse(specification());
    else {
      const actions = parse(specification);
      this.actions = () => actions;
    }
  }

  /** Passes a point: returns at once, waits, throws KataError `internal`, or never returns. */
  async hit(name: FailpointName): Promise<void> {
    const action = this.actions().get(name);
    if (action === undefined) return;
    this.deps.reached?.(name);
    if (action.kind === "delay") await sleep(this.deps.clock, action.ms);
    else if (action.kind === "kill") this.deps.kill();
    else if (action.kind === "wait") await this.released(name);
    else throw new KataError("internal", `Failpoint ${name} was told to fail`);
  }

  private async released(name: FailpointName): Promise<void> {
    while (this.actions().get(name)?.kind === "wait") await sleep(this.deps.clock, POLL_MS);
  }
}

function parse(specification: string): ReadonlyMap<string, Action> {
  const actions = new Map<string, Action>();
  for (const part of specification.split(",").filter((entry) => entry !== "")) {
    const match = /^([a-z-]+)=(?:(error|kill|wait)|delay:(\d{1,6}))$/.exec(part);
    const name = match?.[1];
    if (match === null || !failpointNames.some((known) => known === name)) {
      throw new KataError(
        "invalid-argument",
        `Failpoint must be NAME=error, NAME=kill, NAME=wait or NAME=delay:MS, got ${part}`,
      );
    }
    const kind = match[2];
    const plain = kind === "error" || kind === "kill" || kind === "wait";
    actions.set(name ?? "", plain ? { kind } : { kind: "delay", ms: Number(match[3]) });
  }
  return actions;
}

import { type Clock, sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { AgentConnection } from "./agent-api.ts";
import type { StartedVm } from "./boot.ts";
import { shareFsExitError } from "./share-fs-exit.ts";
import { type VmLossDeps, vmLossError } from "./vm-loss.ts";

/** When several things end at once, the VMM's end explains the others: it is waited for this long. */
const CAUSE_WAIT_MS = 150;
/** A connection breaks and a daemon leaves in good order where a VMM ends: the news of that may take its time on a busy host. */
const FOLLOWED_WAIT_MS = 1000;
/** A guest may tell of a want of memory as often as it likes; so much time passes between two events at least. */
const OOM_PAUSE_MS = 100;
const WHEN = "while containers were running";

/**
 * Waits for the first end among VMM, share-fs daemon and agent connection, none of which ends by itself while a sandbox
 * runs, and says which it was. Never rejects.
 */
export async function firstLoss(
  deps: VmLossDeps & { readonly clock: Clock },
  { vm, shareFs }: StartedVm,
  connection: AgentConnection,
): Promise<KataError> {
  const vmm = vm.exited.then((exit) => vmLossError(deps, vm.name, exit, WHEN));
  const agent = connection.closed.then((error) => ({
    error: KataError.wrap(error, "The connection to the guest's agent was lost"),
    waitMs: FOLLOWED_WAIT_MS,
  }));
  const daemon = shareFs?.exited.then((exit) => {
    const orderly = exit.status.kind === "exited" && exit.status.code === 0;
    return { error: shareFsExitError(exit, WHEN), waitMs: orderly ? FOLLOWED_WAIT_MS : CAUSE_WAIT_MS };
  });
  const first = await Promise.race(daemon === undefined ? [vmm, agent] : [vmm, agent, daemon]);
  if (first instanceof KataError) return first;
  return Promise.race([vmm, sleep(deps.clock, first.waitMs).then(() => first.error)]);
}

/** Passes on which containers the guest says are short of memory, until the connection is over. Never rejects. */
export async function watchMemory(
  deps: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly events: { readonly outOfMemory: (containerId: string) => Promise<void> };
  },
  { agent }: AgentConnection,
  isKnown: (containerId: string) => boolean,
): Promise<void> {
  try {
    for (;;) {
      const { containerId } = await agent.getOOMEvent({});
      if (isKnown(containerId)) await deps.events.outOfMemory(containerId);
      await sleep(deps.clock, OOM_PAUSE_MS);
    }
  } catch (error) {
    // The connection is over, or this agent does not report it.
    deps.logger.debug("no more out-of-memory events", { error: KataError.from(error) });
  }
}

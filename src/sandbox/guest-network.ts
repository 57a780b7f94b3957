import { type Clock, sleep } from "../base/clock.ts";
import { causeChain, KataError } from "../base/error.ts";
import type { GuestNetwork } from "../resource/network/guest-network.ts";
import type { Interface } from "../wire/gen/agent/types.ts";
import type { AgentApi } from "./agent-api.ts";

const CALL_MS = 30_000;
/** The guest's driver finds a card a moment after the agent answers, or after it was plugged in; under emulation a long one. */
const LINK_WAIT_MS = 10_000;
const LINK_POLL_MS = 20;

type NetworkAgent = Pick<AgentApi, "updateInterface" | "updateRoutes" | "addARPNeighbors">;

/**
 * Gives the guest its network: interfaces first, for the rest refers to them. Nothing of the answers is used. Rejects with
 * KataError.
 */
export async function configureGuest(clock: Clock, agent: NetworkAgent, network: GuestNetwork): Promise<void> {
  const { interfaces, routes, neighbors } = network;
  // One after the other: an interface can take over the name of another one.
  for (const wanted of interfaces) await updateInterface(clock, agent, wanted);
  await Promise.all([
    agent.updateRoutes({ routes: { Routes: [...routes] } }, { timeoutMs: CALL_MS }),
    neighbors.length === 0
      ? undefined
      : optional(agent.addARPNeighbors({ neighbors: { ARPNeighbors: [...neighbors] } }, { timeoutMs: CALL_MS })),
  ]);
}

async function updateInterface(clock: Clock, agent: NetworkAgent, wanted: Interface): Promise<void> {
  const giveUpAt = clock.nowMs() + LINK_WAIT_MS;
  for (;;) {
    try {
      await agent.updateInterface({ interface: wanted }, { timeoutMs: CALL_MS });
      return;
    } catch (error) {
      // The text is what every agent says.
      const missing = causeChain(error).some((text) => text.includes("Link not found"));
      if (!missing) throw KataError.wrap(error, `The guest cannot set up interface ${wanted.name}`);
      if (clock.nowMs() > giveUpAt) {
        throw KataError.wrap(error, `The guest does not find the card of interface ${wanted.name}`, {
          hint: "The guest's kernel needs the virtio_net driver",
        });
      }
    }
    await sleep(clock, LINK_POLL_MS);
  }
}

async function optional(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (KataError.from(error).code !== "unimplemented") throw error;
  }
}

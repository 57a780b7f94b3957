import type { KataError } from "../base/error.ts";
import type { agentCalls, healthService } from "../wire/services/agent-calls.ts";
import type { ServiceClient } from "../wire/ttrpc/create-client.ts";

/** The agent's methods as functions. */
export type AgentApi = ServiceClient<typeof agentCalls>;

/** A connection to the agent of a running guest. */
export interface AgentConnection {
  readonly agent: AgentApi;
  readonly health: ServiceClient<typeof healthService>;
  /** Counts what came from the agent: it grows as long as the agent shows any sign of life. */
  heard(): number;
  /** Settles with the reason when the connection is over; never rejects. */
  readonly closed: Promise<KataError>;
  /** Ends it: calls in flight fail with `unavailable` and this cause. */
  close(cause?: unknown): void;
}

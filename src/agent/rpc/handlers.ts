import type { agentService, healthService } from "../../wire/services/agent.ts";
import type { ServiceHandlers } from "../../wire/ttrpc/handlers.ts";

/** Handlers of the agent's service; each file in this folder makes a group of them. */
export type AgentHandlers = ServiceHandlers<typeof agentService>;
/** Handlers of the health service. */
export type HealthHandlers = ServiceHandlers<typeof healthService>;

import { version } from "../../base/version.ts";
import { HealthCheckResponse_ServingStatus } from "../../wire/gen/agent/health.ts";
import type { HealthHandlers } from "./handlers.ts";

/** Version of the agent API, as upstream's agent reports it. */
const API_VERSION = "0.0.1";

/** Liveness and version. An agent that answers serves. */
export function healthRpcs(): HealthHandlers {
  return {
    check: () => ({ status: HealthCheckResponse_ServingStatus.SERVING }),
    version: () => ({ grpcVersion: API_VERSION, agentVersion: version }),
  };
}

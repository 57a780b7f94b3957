import type { FilesPort } from "../../sys/port/files.ts";
import { cgroupStats, networkStats } from "../cgroup/stats.ts";
import { planUpdate } from "../cgroup/update.ts";
import { agentMetrics } from "../metrics.ts";
import type { Sandbox } from "../sandbox.ts";
import type { AgentHandlers } from "./handlers.ts";

/** What containers and the guest use, and may use. */
export function resourceRpcs({ sys, sandbox }: { readonly sys: FilesPort; readonly sandbox: Sandbox }): AgentHandlers {
  let scrapes = 0;
  return {
    updateContainer({ containerId, resources }) {
      const container = sandbox.container(containerId);
      container.require(["created", "running", "paused"], "update");
      for (const { file, value } of resources === undefined ? [] : planUpdate(resources))
        container.cgroup.write(file, value);
      return {};
    },
    statsContainer({ containerId }) {
      const { cgroup } = sandbox.container(containerId);
      return {
        cgroupStats: cgroupStats((file) => cgroup.read(file)),
        networkStats: networkStats(sys.readText("/proc/net/dev")),
      };
    },
    getMetrics: () => ({ metrics: agentMetrics(sys, ++scrapes) }),
  };
}

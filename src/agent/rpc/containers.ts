import type { FilesPort } from "../../sys/port/files.ts";
import type { OomEvents } from "../cgroup/oom.ts";
import { cgroupStats, networkStats } from "../cgroup/stats.ts";
import { planUpdate } from "../cgroup/update.ts";
import type { Sandbox } from "../sandbox.ts";
import type { AgentHandlers } from "./handlers.ts";

/** Containers: their life, resources and events. */
export function containerRpcs(deps: {
  readonly sys: FilesPort;
  readonly sandbox: Sandbox;
  readonly oom: OomEvents;
}): AgentHandlers {
  const { sandbox, sys, oom } = deps;
  return {
    async createContainer(request, { signal }) {
      await sandbox.createContainer(request, signal);
      return {};
    },
    async startContainer({ containerId }) {
      await sandbox.container(containerId).start();
      return {};
    },
    async removeContainer({ containerId, timeout }) {
      await sandbox.removeContainer(containerId, timeout);
      return {};
    },
    async pauseContainer({ containerId }) {
      await sandbox.container(containerId).pause();
      return {};
    },
    async resumeContainer({ containerId }) {
      await sandbox.container(containerId).resume();
      return {};
    },
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
    async getOOMEvent(_request, { signal }) {
      return { containerId: await oom.next(signal) };
    },
  };
}

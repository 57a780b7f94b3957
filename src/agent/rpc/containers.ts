import type { OomEvents } from "../cgroup/oom.ts";
import type { Sandbox } from "../sandbox.ts";
import type { AgentHandlers } from "./handlers.ts";

/** Containers: their life and events. */
export function containerRpcs({ sandbox, oom }: { readonly sandbox: Sandbox; readonly oom: OomEvents }): AgentHandlers {
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
    async getOOMEvent(_request, { signal }) {
      return { containerId: await oom.next(signal) };
    },
  };
}

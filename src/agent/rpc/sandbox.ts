import type { Sandbox } from "../sandbox.ts";
import type { AgentHandlers } from "./handlers.ts";

/** The sandbox as a whole. `onDestroyed` is called when nothing is left to serve. */
export function sandboxRpcs({
  sandbox,
  onDestroyed,
}: {
  readonly sandbox: Sandbox;
  readonly onDestroyed: () => void;
}): AgentHandlers {
  return {
    async createSandbox(request) {
      await sandbox.create(request);
      return {};
    },
    async destroySandbox() {
      await sandbox.destroy();
      onDestroyed();
      return {};
    },
  };
}

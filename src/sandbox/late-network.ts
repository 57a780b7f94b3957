import type { AgentApi } from "./agent-api.ts";
import type { LaunchedVm } from "./boot.ts";
import { inStage } from "./stages.ts";

/** The moments of a container's life at which a pod's network may have got interfaces that its VM does not have yet. */
export interface LateNetwork {
  /** Hooks have run, which may have made some. */
  afterHooks(): Promise<void>;
  /** A manager that makes them between create and start has done so. */
  beforeStart(): Promise<void>;
  /** One that makes them even later gets some seconds. */
  afterStart(): void;
}

/** The late set-up of a sandbox's network; `agent` throws when the sandbox does not run. */
export function lateNetwork(
  launched: () => Promise<Pick<LaunchedVm, "vm" | "network"> | undefined>,
  agent: (what: string) => AgentApi,
): LateNetwork {
  const guest = (vm: LaunchedVm["vm"]) => () => ({ vm, agent: agent("set up the network") });
  const rescan = async (always: boolean) => {
    const known = await launched();
    if (known === undefined || !(always || known.network.isEmpty)) return;
    await inStage("join-network", () => known.network.rescan(guest(known.vm)));
  };
  return {
    afterHooks: () => rescan(true),
    beforeStart: () => rescan(false),
    afterStart() {
      void launched().then((known) => known?.network.watch(guest(known.vm)));
    },
  };
}

import { dialAgent } from "../agent-client/dial.ts";
import { channelOpener } from "../agent-client/open-channel.ts";
import { createHypervisor, type HypervisorDeps } from "../hypervisor/registry.ts";
import { startVirtiofsd } from "../resource/share-fs/virtiofsd.ts";
import type { SandboxBackends } from "./backends.ts";

/** The real programs behind a sandbox. */
export function nativeBackends({ sys, loop, planQemu }: Omit<HypervisorDeps, "logger">): SandboxBackends {
  return {
    async verifyAsset(asset, options) {
      const { verifyAsset } = await import("../hypervisor/assets/verify.ts");
      await verifyAsset({ sys, loop }, asset, options);
    },
    createHypervisor: (config, logger) => createHypervisor({ sys, loop, logger, planQemu }, config),
    startShareFs: (config, options, logger) => startVirtiofsd({ sys, loop, logger }, config.hypervisor, options),
    async openPodNetwork(netns, { model, undo }) {
      if (netns.kind === "host") return undefined;
      const { HostPodNetwork } = await import("../resource/network/pod-network.ts");
      return new HostPodNetwork({ sys, clock: loop, undo }, netns, model);
    },
    async runHooks(point, hooks, state, logger) {
      const { runHooks } = await import("./hooks.ts");
      await runHooks({ sys, loop, logger }, point, hooks, state);
    },
    dialAgent: (channels, options, logger) =>
      dialAgent({ open: channelOpener({ sys, loop }), clock: loop, logger }, channels, options),
  };
}

import type { CallOptions } from "../base/cancel.ts";
import type { Logger } from "../base/logger.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { Asset } from "../hypervisor/assets/asset.ts";
import type { AgentChannels, Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Hook } from "../oci/spec.ts";
import type { NetworkModel } from "../resource/network/model.ts";
import type { PodNetns } from "../resource/network/netns.ts";
import type { PodNetwork } from "../resource/network/pod-network.ts";
import type { UndoStack } from "../resource/undo-stack.ts";
import type { ExitStatus } from "../sys/port/processes.ts";
import type { AgentConnection } from "./agent-api.ts";
import type { HookPoint, HookState } from "./hooks.ts";

/** A running share-fs daemon. */
export interface ShareFsDaemon {
  readonly pid: number;
  /** Its vhost-user socket, which accepts connections by now. */
  readonly socketPath: string;
  /** Settles when it is gone, with its last words. */
  readonly exited: Promise<{ readonly status: ExitStatus; readonly stderrTail: readonly string[] }>;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/** The parts of a sandbox that are programs of their own. */
export interface SandboxBackends {
  /** See `verifyAsset` in `hypervisor/assets`. */
  verifyAsset(asset: Asset, options: CallOptions): Promise<void>;
  /** A driver for one VM. Throws KataError for a hypervisor that is unknown or not installed. */
  createHypervisor(config: RuntimeConfig, logger: Logger): Hypervisor;
  /** Serves `directory` over a socket in `vmDir`. */
  startShareFs(
    config: RuntimeConfig,
    options: { readonly directory: string; readonly vmDir: string },
    logger: Logger,
  ): Promise<ShareFsDaemon>;
  /** Opens the pod's network namespace, made if it is to be new; undefined for the host's. Rejects with KataError. */
  openPodNetwork(
    netns: PodNetns,
    options: { readonly model: NetworkModel; readonly undo: UndoStack },
  ): Promise<PodNetwork | undefined>;
  /** Runs hooks of a container; throws KataError for those that may fail a container. */
  runHooks(point: HookPoint, hooks: readonly Hook[], state: HookState, logger: Logger): Promise<void>;
  /** Connects to the agent as soon as it answers. */
  dialAgent(channels: AgentChannels, options: Required<CallOptions>, logger: Logger): Promise<AgentConnection>;
}

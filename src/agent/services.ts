import { KataError } from "../base/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { AgentEnvironment } from "./agent.ts";
import { OomEvents } from "./cgroup/oom.ts";
import { ContainerCreator } from "./container/creator.ts";
import { Crun } from "./container/crun.ts";
import { ExecStarter } from "./container/exec.ts";
import { Launcher } from "./container/launcher.ts";
import { KATA_DIR } from "./container/rules.ts";
import { DeviceFinder } from "./devices/finder.ts";
import { initialise } from "./init/init.ts";
import type { Modules } from "./modules.ts";
import { containerRpcs } from "./rpc/containers.ts";
import type { AgentHandlers } from "./rpc/handlers.ts";
import { processRpcs } from "./rpc/processes.ts";
import { sandboxRpcs } from "./rpc/sandbox.ts";
import { systemRpcs } from "./rpc/system.ts";
import { Sandbox } from "./sandbox.ts";
import { SharedNamespaces } from "./shared-namespaces.ts";
import { GuestTree } from "./storage/guest-tree.ts";
import { StorageManager } from "./storage/manager.ts";
import { Mounter } from "./storage/mounter.ts";
import type { Uevents } from "./uevents.ts";

/** The agent's own files: sockets, pid files, pinned namespaces. No request names a path below it. */
const PRIVATE_DIR = "/run/kata-agent";
const DEFAULT_PIPE_BYTES = 1 << 20;

/** Pause before the work that nobody waits for: a short-lived container has come and gone by then. */
const IDLE_MS = 2000;
/** By then the loop has given back the memory that the work took. */
const TIDY_MS = 1500;

/** What serves the host once it is loaded. */
export interface Services {
  readonly handlers: AgentHandlers;
  /** Those of the other methods, whose code is loaded then. */
  readonly rareHandlers: () => Promise<AgentHandlers>;
  readonly sandbox: Sandbox;
}

/** What the boot made. */
export interface ServiceParts {
  readonly uevents: Uevents;
  readonly modules: Modules;
  readonly onDestroyed: () => void;
}

/** Makes the guest ready for containers, and the handlers of the agent's service. Called once. */
export function startServices(environment: AgentEnvironment, parts: ServiceParts): Services {
  const { sys, loop, logger, isInit } = environment;
  if (isInit) {
    initialise({ sys, logger });
    bringUpLoopback(environment);
  }
  const { crun, ...services } = assemble(environment, parts);
  const settle = () => {
    // One vCPU under emulation: what is done meanwhile makes the container wait.
    if (services.sandbox.isBusy) return settleLater();
    parts.modules.loadDeviceModules();
    crun.prepare();
    loop.setTimer(TIDY_MS, () => logger.info("agent settled", { rss_kib: residentKib(sys) }));
  };
  const settleLater = () => void loop.setTimer(IDLE_MS, settle);
  settleLater();
  return services;
}

function assemble(environment: AgentEnvironment, parts: ServiceParts): Services & { readonly crun: Crun } {
  const { sys, loop, logger, params } = environment;
  const { uevents, modules, onDestroyed } = parts;
  sys.mkdirAll(KATA_DIR);
  const tree = new GuestTree(sys);
  const mounter = new Mounter(sys, tree);
  const finder = new DeviceFinder(
    { sys, clock: loop, modules, events: uevents.subscribe },
    { timeoutMs: params.hotplugTimeoutMs },
  );
  const storages = new StorageManager({ sys, clock: loop, modules, devices: finder, mounter, tree, logger });
  const namespaces = new SharedNamespaces(sys, `${PRIVATE_DIR}/ns`);
  const crun = new Crun({ sys, loop, logger }, { dir: `${PRIVATE_DIR}/crun` });
  const launcher = new Launcher({ sys, loop, crun }, { pipeBytes: params.containerPipeBytes || DEFAULT_PIPE_BYTES });
  const creator = new ContainerCreator({ sys, loop, logger, crun, launcher, storages, finder, tree, namespaces });
  const execs = new ExecStarter({ sys, crun, launcher });
  const oom = new OomEvents({ sys, loop, logger });
  const sandbox = new Sandbox({ sys, logger, modules, storages, mounter, namespaces, creator, execs, oom });
  const handlers: AgentHandlers = {
    ...sandboxRpcs({ sandbox, onDestroyed }),
    ...containerRpcs({ sandbox, oom }),
    ...processRpcs({ sandbox }),
    ...systemRpcs({ sys, clock: loop }),
  };
  let rare: Promise<AgentHandlers> | undefined;
  const rareHandlers = () => {
    rare ??= import("./rpc/rare.ts").then(({ rareRpcs }) => rareRpcs({ sys, loop, modules, finder, sandbox }));
    return rare;
  };
  return { sandbox, handlers, rareHandlers, crun };
}

/** Containers share the guest's network, loopback included. */
function bringUpLoopback({ sys, logger }: AgentEnvironment): void {
  try {
    // IFF_UP, the only one of the flags that can be set. A netlink client would be a quarter of the code that is loaded.
    sys.writeFile("/sys/class/net/lo/flags", "1");
  } catch (error) {
    logger.warn("no loopback interface", { error: KataError.from(error) });
  }
}

function residentKib(sys: FilesPort): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(sys.readText("/proc/self/status"))?.[1] ?? 0);
}

import type { CancelSignal } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import { validateId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { isErrno } from "../sys/error.ts";
import type { Sys } from "../sys/sys.ts";
import type { CreateContainerRequest, CreateSandboxRequest, ExecProcessRequest } from "../wire/gen/agent/agent.ts";
import type { OomEvents } from "./cgroup/oom.ts";
import type { Container } from "./container/container.ts";
import type { ContainerCreator } from "./container/creator.ts";
import type { ExecStarter } from "./container/exec.ts";
import { requireHostname } from "./container/oci-config.ts";
import type { ContainerProcess } from "./container/process.ts";
import { invalid, KATA_DIR } from "./container/rules.ts";
import type { Modules } from "./modules.ts";
import type { SharedNamespaces } from "./shared-namespaces.ts";
import type { StorageManager } from "./storage/manager.ts";
import type { Mounter } from "./storage/mounter.ts";

/** What a sandbox is made with. */
export interface SandboxDeps {
  readonly sys: Sys;
  readonly logger: Logger;
  readonly modules: Pick<Modules, "require">;
  readonly storages: StorageManager;
  readonly mounter: Mounter;
  readonly namespaces: SharedNamespaces;
  readonly creator: ContainerCreator;
  readonly execs: ExecStarter;
  readonly oom: OomEvents;
}

/** How long the end of the sandbox waits for each container's processes. */
const END_TIMEOUT_MS = 3000;
const REMOVE_TIMEOUT_MS = 10_000;

/** The one sandbox of this guest: what its containers share, and the containers. */
export class Sandbox {
  private readonly deps: SandboxDeps;
  private readonly containers = new Map<string, Container>();
  /** Ids whose container is being made or removed. */
  private readonly busy = new Set<string>();
  private phase: "new" | "ready" | "ended" = "new";
  private guestHookPath = "";

  constructor(deps: SandboxDeps) {
    this.deps = deps;
  }

  /** A container is being made or removed. */
  get isBusy(): boolean {
    return this.busy.size > 0;
  }

  /** Sets up what all containers share. Called once, before the first container. */
  async create(request: CreateSandboxRequest): Promise<void> {
    if (this.phase !== "new") throw new KataError("already-exists", "This guest has its sandbox already");
    if (request.sandboxId !== "") validateId(request.sandboxId, "sandbox_id");
    const hostname = request.hostname === "" ? "" : requireHostname(request.hostname);
    const { sys, modules, namespaces, storages } = this.deps;
    this.wipe();
    for (const { name, parameters } of request.kernelModules)
      modules.require(name.replaceAll("-", "_"), parameters.join(" "));
    if (hostname !== "") sys.setHostname(hostname);
    namespaces.create(hostname);
    try {
      if (request.dns.length > 0) this.writeResolvConf(request.dns);
      await storages.add(request.storages);
    } catch (error) {
      namespaces.remove();
      throw error;
    }
    this.guestHookPath = request.guestHookPath;
    this.phase = "ready";
    this.deps.logger.info("sandbox created", { sandbox: request.sandboxId });
  }

  /** Ends everything: containers, storages, namespaces. Goes on after errors, which are logged. Harmless when repeated. */
  async destroy(): Promise<void> {
    if (this.phase === "ended") return;
    this.phase = "ended";
    for (const container of [...this.containers.values()]) {
      await this.attempt("container", () => this.deps.creator.remove(container, END_TIMEOUT_MS));
      this.deps.oom.unwatch(container.id);
    }
    this.containers.clear();
    await this.attempt("storages", () => this.deps.storages.releaseEverything());
    await this.attempt("namespaces", async () => this.deps.namespaces.remove());
    await this.attempt("directories", async () => this.wipe());
    this.deps.sys.sync();
    this.deps.logger.info("sandbox destroyed");
  }

  /** Makes a container whose first process waits for `Container.start`. */
  async createContainer(request: CreateContainerRequest, signal?: CancelSignal): Promise<void> {
    const id = validateId(request.containerId, "container_id");
    if (this.containers.has(id) || this.busy.has(id))
      throw new KataError("already-exists", `Container ${id} exists already`, { field: "container_id" });
    if (this.phase === "ended") throw new KataError("failed-precondition", "The sandbox has been destroyed");
    this.busy.add(id);
    try {
      const container = await this.deps.creator.create(request, {
        guestHookPath: this.guestHookPath,
        ...(signal === undefined ? {} : { signal }),
      });
      this.containers.set(id, container);
      this.watchMemory(container, request.OCI?.Annotations ?? {});
      this.deps.logger.info("container created", { container: id, pid: container.init.pid });
    } finally {
      this.busy.delete(id);
    }
  }

  /** Removes a container with everything it left, killing it first if need be. */
  async removeContainer(id: string, timeoutSeconds: number): Promise<void> {
    const container = this.container(id);
    if (this.busy.has(id)) throw new KataError("failed-precondition", `Container ${id} is being removed already`);
    this.busy.add(id);
    try {
      const timeoutMs = timeoutSeconds === 0 ? REMOVE_TIMEOUT_MS : timeoutSeconds * 1000;
      this.deps.oom.unwatch(id);
      await this.deps.creator.remove(container, timeoutMs);
      this.containers.delete(id);
      this.deps.logger.info("container removed", { container: id });
    } finally {
      this.busy.delete(id);
    }
  }

  /** Starts another process in a running container. */
  async exec(request: ExecProcessRequest, signal?: CancelSignal): Promise<ContainerProcess> {
    const container = this.container(request.containerId);
    if (this.busy.has(container.id)) {
      throw new KataError("failed-precondition", `Container ${container.id} is being removed`);
    }
    return this.deps.execs.start(container, request, signal);
  }

  /** A container by its id; `invalid-argument` for unknown ones, as upstream. */
  container(id: string): Container {
    const container = this.containers.get(id);
    if (container === undefined) {
      throw new KataError(
        "invalid-argument",
        `Invalid container id: no container ${JSON.stringify(id.slice(0, 140))}`,
        { field: "container_id" },
      );
    }
    return container;
  }

  /** A process of a container; `not-found` for unknown ones. Empty `execId` means the first process. */
  process(containerId: string, execId: string): ContainerProcess {
    return this.container(containerId).process(execId);
  }

  /** The pod's own container is not watched: it runs nothing, and the host wants events of the others. */
  private watchMemory(container: Container, annotations: Readonly<Record<string, string>>): void {
    const kind = annotations["io.kubernetes.cri.container-type"] ?? annotations["io.kubernetes.cri-o.ContainerType"];
    if (kind === "sandbox") return;
    this.deps.oom.watch(container.id, container.cgroup);
    void container.init.exited.then(() => this.deps.oom.check(container.id));
  }

  /** Leftovers of an earlier use of this guest: a template, or an image that was shut down hard. */
  private wipe(): void {
    const { sys, mounter } = this.deps;
    for (const mountPoint of mounter.mountsBelow(KATA_DIR)) sys.unmount(mountPoint, { detach: true });
    sys.removeTree(KATA_DIR);
    sys.mkdirAll(KATA_DIR, 0o755);
  }

  /** The guest's own resolver configuration. Containers get theirs by a mount that the host asks for. */
  private writeResolvConf(lines: readonly string[]): void {
    if (lines.length > 256 || lines.some((line) => line.length > 1024 || /[\0\n]/.test(line))) {
      throw invalid("dns", "dns must be at most 256 lines of at most 1024 characters");
    }
    const { sys } = this.deps;
    const content = `${lines.join("\n")}\n`;
    try {
      sys.writeFile("/etc/resolv.conf", content);
    } catch (error) {
      // A read-only image: put a file over it.
      if (!isErrno(error, "EROFS")) throw error;
      sys.mkdirAll(`${KATA_DIR}/sandbox`);
      sys.writeFile(`${KATA_DIR}/sandbox/resolv.conf`, content);
      sys.mount({ source: `${KATA_DIR}/sandbox/resolv.conf`, target: "/etc/resolv.conf", options: ["bind"] });
    }
  }

  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.deps.logger.warn("sandbox not destroyed completely", { what, error: KataError.from(error) });
    }
  }
}

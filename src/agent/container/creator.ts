import type { CancelSignal } from "../../base/cancel.ts";
import { sleep } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { validateId } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import type { CreateContainerRequest } from "../../wire/gen/agent/agent.ts";
import type { Spec } from "../../wire/gen/agent/oci.ts";
import { CGROUP_ROOT, Cgroup, CONTAINER_PARENT } from "../cgroup/cgroup.ts";
import { attachDevices } from "../devices/container-devices.ts";
import type { DeviceFinder } from "../devices/finder.ts";
import { guestDisks } from "../guest-disks.ts";
import type { SharedNamespaces } from "../shared-namespaces.ts";
import type { GuestTree } from "../storage/guest-tree.ts";
import type { StorageManager } from "../storage/manager.ts";
import { Container } from "./container.ts";
import type { Crun } from "./crun.ts";
import { HeldMounts } from "./held-mounts.ts";
import { findGuestHooks } from "./hooks.ts";
import { type Json, writeJson } from "./json.ts";
import type { Launcher } from "./launcher.ts";
import { ociConfig } from "./oci-config.ts";
import { isBind } from "./oci-mounts.ts";
import { isWithin, KATA_DIR, requireKataPath, tidyPath } from "./rules.ts";
import { planSysctls } from "./sysctl.ts";
import { resolveUser } from "./users.ts";

/** How often to look for the process of an exec that was under way when its container is removed. */
const EXEC_POLL_MS = 5;

/** What making a container takes. */
export interface CreatorDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
  readonly crun: Crun;
  readonly launcher: Launcher;
  readonly storages: StorageManager;
  readonly finder: DeviceFinder;
  readonly tree: GuestTree;
  readonly namespaces: SharedNamespaces;
}

/** Makes containers from requests, and takes them apart again. */
export class ContainerCreator {
  private readonly deps: CreatorDeps;

  constructor(deps: CreatorDeps) {
    this.deps = deps;
  }

  /**
   * Makes everything up to the point where the first process waits to be started. Failure at any step takes back what
   * was made; the error is the first one.
   */
  async create(
    request: CreateContainerRequest,
    options: { readonly guestHookPath: string; readonly signal?: CancelSignal },
  ): Promise<Container> {
    const id = validateId(request.containerId, "container_id");
    const execId = request.execId === "" ? id : validateId(request.execId, "exec_id");
    const spec = request.OCI;
    if (spec === undefined)
      throw new KataError("invalid-argument", "The request has no OCI specification", { field: "OCI" });
    const mountPoints = await this.deps.storages.add(request.storages);
    try {
      await attachDevices(this.deps, spec, request.devices);
      const hooks = findGuestHooks(this.deps.sys, options.guestHookPath);
      this.prepare(spec, request);
      const sharesPidNamespace = request.sandboxPidns;
      if (sharesPidNamespace) this.deps.namespaces.sharePid();
      const bundle = this.writeBundle(id, spec, hooks, sharesPidNamespace);
      for (const write of planSysctls(spec.Linux?.Sysctl ?? {})) this.deps.namespaces.writeSysctl(write);
      const init = await this.launch(id, execId, spec, bundle, options.signal);
      const heldMounts = new HeldMounts(this.deps.sys, init.pid, shareDirs(spec));
      return new Container(
        { crun: this.deps.crun, cgroup: this.cgroup(id) },
        { id, init, mountPoints, heldMounts, hasHooks: hooks !== undefined, sharesPidNamespace },
      );
    } catch (error) {
      await this.discard(id, mountPoints);
      throw error;
    }
  }

  /** Takes a container apart: kills what is left, waits for it, and removes every trace. */
  async remove(container: Container, timeoutMs: number): Promise<void> {
    do {
      container.killAll();
      await container.cgroup.waitUntilEmpty(timeoutMs);
      // An exec that is on its way has no process in the cgroup yet; it is killed as soon as it has.
      if (container.starting.size > 0) await sleep(this.deps.loop, EXEC_POLL_MS);
    } while (container.starting.size > 0);
    // The last process of the cgroup may be reaped an instant later; nobody must be left to answer for afterwards.
    await container.init.exited;
    if (container.hasHooks) await this.deps.crun.delete(container.id);
    for (const process of container.processes.values()) process.close();
    container.heldMounts.release();
    await this.discard(container.id, container.mountPoints);
  }

  private async discard(id: string, mountPoints: readonly string[]): Promise<void> {
    const steps: readonly [string, () => void | Promise<void>][] = [
      ["cgroup", () => this.cgroup(id).remove()],
      ["runtime state", () => this.deps.crun.forget(id)],
      ["storages", () => this.deps.storages.release(mountPoints)],
      ["bundle", () => this.deps.sys.removeTree(bundleDir(id))],
    ];
    for (const [what, step] of steps) {
      try {
        await step();
      } catch (error) {
        this.deps.logger.warn("container not removed completely", {
          container: id,
          what,
          error: KataError.from(error),
        });
      }
    }
  }

  private cgroup(id: string): Cgroup {
    return new Cgroup({ sys: this.deps.sys, clock: this.deps.loop }, `${CGROUP_ROOT}${CONTAINER_PARENT}/${id}`);
  }

  /** Checks against the guest as it is now, and settles what the host left to the guest. */
  private prepare(spec: Spec, request: CreateContainerRequest): void {
    const { sys, tree } = this.deps;
    const rootfs = requireKataPath(spec.Root?.Path ?? "", "root.path");
    if (!tree.has(rootfs)) {
      throw new KataError(
        "not-found",
        `The container's root ${rootfs} does not exist in the guest or lies behind a link`,
        { field: "root.path" },
      );
    }
    for (const mount of spec.Mounts) if (isBind(mount)) this.checkBindSource(tidyPath(mount.source));
    const user = request.stringUser;
    if (user !== undefined && user.uid !== "" && spec.Process !== undefined)
      spec.Process.User = resolveUser(sys, rootfs, user);
  }

  /** The source must be there, and links must not lead out of where the host may point. */
  private checkBindSource(source: string): void {
    let real: string;
    try {
      real = this.deps.sys.realPath(source);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      throw new KataError("not-found", `Bind source ${source} does not exist in the guest`, { field: "mounts" });
    }
    if (isWithin(source, KATA_DIR) && !isWithin(real, KATA_DIR)) {
      throw new KataError("invalid-argument", `Bind source ${source} leads out of ${KATA_DIR} to ${real}`, {
        field: "mounts",
      });
    }
  }

  private writeBundle(id: string, spec: Spec, hooks: Json | undefined, sandboxPidns: boolean): string {
    const { sys, tree, namespaces } = this.deps;
    const config = ociConfig(spec, {
      cgroupsPath: `${CONTAINER_PARENT}/${id}`,
      sharedNamespaces: { ...namespaces.paths, ...(sandboxPidns ? {} : { pid: undefined }) },
      guestDisks: guestDisks(sys),
      hooks,
    });
    const bundle = bundleDir(id);
    sys.close(tree.ensureDirectory(bundle, 0o700));
    sys.writeFile(`${bundle}/config.json`, writeJson(config), 0o600);
    return bundle;
  }

  private launch(id: string, execId: string, spec: Spec, bundle: string, signal: CancelSignal | undefined) {
    return this.deps.launcher.launch(
      {
        containerId: id,
        execId,
        terminal: spec.Process?.Terminal ?? false,
        program: spec.Process?.Args[0] ?? "",
        ...(signal === undefined ? {} : { signal }),
      },
      (launch) => this.deps.crun.create(launch, bundle),
    );
  }
}

/** The directories that hold the root and the volumes: not these themselves, which may be file systems that end here. */
function shareDirs(spec: Spec): string[] {
  const sources = [spec.Root?.Path ?? "", ...spec.Mounts.filter(isBind).map(({ source }) => source)];
  const parents = sources.map((source) => tidyPath(source).replace(/\/[^/]*$/, ""));
  return [...new Set(parents)].filter((parent) => isWithin(parent, KATA_DIR));
}

function bundleDir(id: string): string {
  return `${KATA_DIR}/${id}`;
}

import type { CancelSignal } from "../../base/cancel.ts";
import { KataError } from "../../base/error.ts";
import { validateId } from "../../base/ids.ts";
import type { Sys } from "../../sys/sys.ts";
import type { ExecProcessRequest } from "../../wire/gen/agent/agent.ts";
import type { Container } from "./container.ts";
import type { Crun } from "./crun.ts";
import { writeJson } from "./json.ts";
import type { Launcher } from "./launcher.ts";
import { ociProcess } from "./oci-process.ts";
import type { ContainerProcess } from "./process.ts";
import { invalid } from "./rules.ts";

/** Ended processes that a container remembers: those whose status the host has, and all. */
const KEPT_SETTLED = 32;
const KEPT_ENDED = 1024;

/** Starts further processes in containers. */
export class ExecStarter {
  private readonly sys: Sys;
  private readonly crun: Crun;
  private readonly launcher: Launcher;

  constructor(deps: { readonly sys: Sys; readonly crun: Crun; readonly launcher: Launcher }) {
    this.sys = deps.sys;
    this.crun = deps.crun;
    this.launcher = deps.launcher;
  }

  /** Starts the process and registers it with the container. `already-exists` for an exec id in use. */
  async start(container: Container, request: ExecProcessRequest, signal?: CancelSignal): Promise<ContainerProcess> {
    const execId = validateId(request.execId, "exec_id");
    if (request.process === undefined) throw invalid("process", "The request has no process");
    if (container.processes.has(execId) || container.starting.has(execId)) {
      throw new KataError("already-exists", `Process ${execId} exists already in container ${container.id}`, {
        field: "exec_id",
      });
    }
    container.require(["created", "running"], "exec in");
    const content = writeJson(ociProcess(request.process));
    const file = this.crun.scratch("json");
    container.starting.add(execId);
    try {
      this.sys.writeFile(file, content, 0o600);
      const process = await this.launcher.launch(
        {
          containerId: container.id,
          execId,
          terminal: request.process.Terminal,
          program: request.process.Args[0] ?? "",
          ...(signal === undefined ? {} : { signal }),
        },
        (launch) => this.crun.exec(launch, file),
      );
      forgetOldest(container);
      container.processes.set(execId, process);
      return process;
    } finally {
      container.starting.delete(execId);
      this.sys.unlink(file);
    }
  }
}

/**
 * Hosts do not say that they are done with an exec. Ended ones go when their status was asked for and newer ones came;
 * the others stay until there are too many.
 */
function forgetOldest(container: Container): void {
  const ended = [...container.processes.values()].filter(
    (process) => process !== container.init && process.exitCode !== undefined,
  );
  const settled = ended.filter((process) => process.waited);
  const excess = [
    ...settled.slice(0, Math.max(0, settled.length - KEPT_SETTLED)),
    ...ended.slice(0, Math.max(0, ended.length - KEPT_ENDED)),
  ];
  for (const process of excess) {
    process.close();
    container.processes.delete(process.execId);
  }
}

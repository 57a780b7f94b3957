import { rmSync } from "node:fs";
import { RunningContainer, type ShimHost } from "./shim-host.ts";

/** A pod as containerd's CRI plugin describes it to a shim: its own container, which is not run, and workloads. */
export class ShimPod {
  readonly id: string;
  private readonly host: ShimHost;
  private readonly sandbox: RunningContainer;

  private constructor(host: ShimHost, sandbox: RunningContainer) {
    this.host = host;
    this.sandbox = sandbox;
    this.id = sandbox.id;
  }

  static async start(host: ShimHost, id: string): Promise<ShimPod> {
    const sandbox = await host.run(id, { args: ["/pause"], spec: annotations("sandbox", id) });
    return new ShimPod(host, sandbox);
  }

  /** A running container of the pod. */
  async run(name: string, args: readonly string[]): Promise<RunningContainer> {
    const spec = annotations("container", this.id);
    const request = this.host.makeBundle(`${this.id}-${name}`, { args, spec });
    this.host.startShim(request.id);
    const container = new RunningContainer(request, this.sandbox);
    await container.create();
    await container.task.start({ id: request.id, execId: "" });
    return container;
  }

  /** Waits for a container's own end, removes it and tells its exit code and output. */
  async finish(container: RunningContainer): Promise<{ readonly code: number; readonly stdout: string }> {
    const { id, stdout } = container;
    const code = await container.wait();
    await stdout?.ended;
    await container.task.delete({ id, execId: "" });
    container.closeStreams();
    rmSync(this.host.bundle(id), { recursive: true, force: true });
    return { code, stdout: stdout?.text ?? "" };
  }

  /** Kills the workloads that are left, then the pod. */
  async end(...left: readonly RunningContainer[]): Promise<void> {
    for (const { id, task } of left) await task.kill({ id, execId: "", signal: 9, all: true });
    for (const container of left) await this.finish(container);
    await this.sandbox.end();
  }
}

function annotations(type: string, sandboxId: string): Readonly<Record<string, unknown>> {
  return {
    annotations: { "io.kubernetes.cri.container-type": type, "io.kubernetes.cri.sandbox-id": sandboxId },
  };
}

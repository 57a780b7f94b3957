import { type ChildProcess, spawn } from "node:child_process";
import type { Containerd } from "./containerd.ts";
import { until } from "./shim-host.ts";

/** An event of a task, as `ctr events` prints it. */
export interface TaskEvent {
  /** The topic without `/tasks/`. */
  readonly topic: string;
  readonly containerId: string;
  /** Undefined for the container's own process. */
  readonly execId: string | undefined;
  readonly exitStatus: number | undefined;
}

/** Records the task events of a containerd, in the order in which a subscriber receives them. */
export class EventLog {
  readonly events: TaskEvent[] = [];
  private readonly process: ChildProcess;
  private seen = 0;
  private rest = "";

  private constructor(process: ChildProcess) {
    this.process = process;
    process.stdout?.setEncoding("utf8").on("data", (text: string) => this.take(text));
  }

  /** Resolves when the subscription is known to deliver. */
  static async start(containerd: Containerd): Promise<EventLog> {
    const child = spawn("ctr", ["-a", containerd.address, "events"], {
      env: { ...process.env, PATH: containerd.path },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const log = new EventLog(child);
    for (let probe = 0; log.seen === 0; probe++) {
      if (probe === 300) throw new Error("ctr events prints nothing");
      // There is no sign of a subscription but an event of it.
      await containerd.must(["namespaces", "label", "default", `probe=${probe}`]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return log;
  }

  /** Waits for an event. */
  async until(topic: string, containerId: string, execId?: string): Promise<void> {
    const isThere = () =>
      this.events.some(
        (event) => event.topic === topic && event.containerId === containerId && event.execId === execId,
      );
    await until(isThere, 30_000, `the event ${topic} of ${containerId} ${execId ?? ""}`);
  }

  /** The topics of a container, in order; an exec's have its id behind them, exits their code. */
  of(containerId: string): string[] {
    return this.events
      .filter((event) => event.containerId === containerId)
      .map(({ topic, execId, exitStatus }) =>
        [topic, execId, exitStatus].filter((part) => part !== undefined).join(" "),
      );
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    if (this.process.exitCode !== null) return;
    this.process.kill();
    await ended;
  }

  private take(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      this.seen++;
      const [, topic, json] = /\/tasks\/([a-z-]+) (\{.*\})$/.exec(line) ?? [];
      if (topic === undefined || json === undefined) continue;
      const fields = JSON.parse(json) as { container_id: string; exec_id?: string; id?: string; exit_status?: number };
      const execId = fields.exec_id ?? fields.id;
      this.events.push({
        topic,
        containerId: fields.container_id,
        execId: execId === "" || execId === fields.container_id ? undefined : execId,
        // A zero is not printed.
        exitStatus: topic === "exit" ? (fields.exit_status ?? 0) : undefined,
      });
    }
  }
}

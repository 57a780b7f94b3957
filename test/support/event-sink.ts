import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { Logger } from "../../src/base/logger.ts";
import { TaskDelete, TaskExit } from "../../src/wire/gen/containerd/events/task.ts";
import { eventsService } from "../../src/wire/services/events.ts";
import { TtrpcServer } from "../../src/wire/ttrpc/server.ts";
import { NodeStream, nodeClock } from "./node-stream.ts";

/** An event as containerd gets it: `/tasks/exit web/x1 137`. */
export interface SunkEvent {
  readonly text: string;
  readonly atMs: number;
}

/** Takes a shim's events as containerd does, on the socket that TTRPC_ADDRESS names. */
export class EventSink {
  readonly events: SunkEvent[] = [];
  readonly path: string;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(path: string) {
    this.path = path;
    const logger = new Logger({ sink: () => {}, wallMs: () => Date.now() }, { level: "error" });
    const ttrpc = new TtrpcServer({ clock: nodeClock, logger });
    ttrpc.register(eventsService, {
      forward: ({ envelope }) => {
        const { topic = "", event } = envelope ?? {};
        this.events.push({ text: `${topic}${details(topic, event?.value)}`, atMs: performance.now() });
        return {};
      },
    });
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      ttrpc.serve(new NodeStream(socket));
    });
  }

  static async listen(path: string): Promise<EventSink> {
    const sink = new EventSink(path);
    await new Promise<void>((resolve) => sink.server.listen(path, resolve));
    return sink;
  }

  get texts(): string[] {
    return this.events.map(({ text }) => text);
  }

  /** Ends it as a killed containerd would: connections break, and nobody listens any more. */
  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    rmSync(this.path, { force: true });
  }
}

function details(topic: string, value: Uint8Array | undefined): string {
  if (value === undefined) return "";
  if (topic === "/tasks/exit") {
    const { containerId, id, exitStatus } = TaskExit.decode(value);
    return ` ${containerId}/${id} ${exitStatus}`;
  }
  if (topic === "/tasks/delete") {
    const { containerId, exitStatus } = TaskDelete.decode(value);
    return ` ${containerId} ${exitStatus}`;
  }
  return "";
}

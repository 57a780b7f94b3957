import { Logger } from "../base/logger.ts";
import { cgroupMode } from "../resource/cgroup.ts";
import { undo } from "../resource/undo.ts";
import { nativeBackends } from "../sandbox/native-backends.ts";
import type { StdioNames } from "../sandbox/process-io.ts";
import { acceptStreams, connectStream } from "../sys/connect.ts";
import { signals } from "../sys/signals.ts";
import type { ProgramEnvironment } from "../sys/start.ts";
import { sandboxService } from "../wire/services/sandbox.ts";
import { taskV2Service, taskV3Service } from "../wire/services/task.ts";
import { lazyHandlers } from "../wire/ttrpc/lazy-handlers.ts";
import { TtrpcServer } from "../wire/ttrpc/server.ts";
import type { ShimArgs } from "./args.ts";
import { EventPublisher } from "./events.ts";
import { LISTEN_FD } from "./listen-fd.ts";
import { LogFile } from "./log-file.ts";
import { serveManagement } from "./management.ts";
import { realmPlanner } from "./planning/realm-planner.ts";
import type { CreateDeps } from "./prepare-task.ts";
import type { SandboxService } from "./sandbox-service.ts";
import { shimSocketPath } from "./shim-socket.ts";
import { ProcessStdio } from "./stdio/process-stdio.ts";
import { TaskService } from "./task-service.ts";
import { Tasks } from "./tasks.ts";
import { testingFailpoints } from "./testing-failpoints.ts";

/** A shim without tasks and without a client ends after this long: its manager is gone. */
const IDLE_MS = 60_000;
/** How long clients are given to hang up first. */
const HANG_UP_MS = 500;
const HANG_UP_POLL_MS = 10;

/** The long-lived part of a shim: it serves one sandbox until it is shut down. */
export class ShimServer {
  private readonly env: ProgramEnvironment;
  private readonly args: ShimArgs;
  private readonly logger: Logger;
  private readonly debugLogger: Logger;
  private readonly events: EventPublisher;
  private readonly createDeps: CreateDeps;
  private readonly tasks: Tasks;
  private readonly service: TaskService;
  private readonly server: TtrpcServer;
  private end: () => void = () => {};
  private ending: Promise<void> | undefined;

  constructor(env: ProgramEnvironment, args: ShimArgs) {
    const { sys, loop } = env;
    this.env = env;
    this.args = args;
    const log = new LogFile(sys, `${args.bundle}/log`);
    const newLogger = (level: "debug" | "info") =>
      new Logger({ sink: log.sink, wallMs: () => loop.wallMs() }, { level, fields: { sandbox: args.id } });
    this.debugLogger = newLogger("debug");
    this.logger = args.debug ? this.debugLogger : newLogger("info");
    this.events = new EventPublisher(
      { clock: loop, logger: this.logger, connect: eventConnector(env) },
      { namespace: args.namespace },
    );
    this.createDeps = this.makeCreateDeps();
    this.tasks = new Tasks(this.createDeps);
    this.service = new TaskService({
      tasks: this.tasks,
      events: this.events,
      logger: this.logger,
      shimPid: sys.pid(),
      wallMs: () => loop.wallMs(),
      cgroupMode: () => cgroupMode(sys),
      openIo: (names, containerId) => this.openIo(names, containerId),
      shutdown: () => void this.shutdown(),
    });
    this.server = new TtrpcServer({ clock: loop, logger: this.logger });
    this.server.register(taskV2Service, this.service);
    this.server.register(taskV3Service, this.service);
    // Few managers know the sandbox API: its code is loaded by the first call.
    let sandboxes: Promise<SandboxService> | undefined;
    this.server.register(
      sandboxService,
      lazyHandlers(sandboxService, () => {
        sandboxes ??= this.makeSandboxService();
        return sandboxes;
      }),
    );
  }

  /** Reports what no handler caught. */
  fault(text: string): void {
    this.logger.error("fault", { text });
  }

  /** Serves the inherited socket; resolves with the exit code. */
  async serve(): Promise<number> {
    const { sys, loop } = this.env;
    // Programs that our programs started become ours when those end.
    sys.becomeSubreaper();
    loop.onSignal([signals.SIGTERM, signals.SIGINT], () => void this.shutdown());
    const ended = new Promise<void>((resolve) => {
      this.end = resolve;
    });
    acceptStreams(sys, loop, LISTEN_FD, (stream) => this.server.serve(stream), {
      onExhausted: (error) => this.logger.warn("clients have to wait until they can be connected", { error }),
    });
    this.watchIdle();
    this.logger.info("shim serves", { pid: sys.pid() });
    await ended;
    return 0;
  }

  private makeCreateDeps(): CreateDeps {
    const { sys, loop } = this.env;
    return {
      sys,
      clock: loop,
      logger: this.logger,
      debugLogger: this.debugLogger,
      namespace: this.args.namespace,
      socket: this.socketPath,
      configPath: this.args.config,
      openIo: (names, containerId) => this.openIo(names, containerId),
      onSandbox: (sandbox) => serveManagement({ sys, loop, logger: this.logger }, sandbox),
      backends: nativeBackends({ sys, loop, planQemu: realmPlanner.qemu }),
      planner: realmPlanner,
      failpoints: testingFailpoints(this.env, this.logger),
      events: {
        exited: async (process) => {
          await this.service.processEnded(process);
          this.tasks.processEnded(process);
        },
        outOfMemory: (containerId) => this.service.outOfMemory(containerId),
      },
    };
  }

  private async makeSandboxService(): Promise<SandboxService> {
    const { sys, loop } = this.env;
    const [{ SandboxService }, { preparePod }] = await Promise.all([
      import("./sandbox-service.ts"),
      import("./prepare-pod.ts"),
    ]);
    return new SandboxService({
      tasks: this.tasks,
      clock: loop,
      logger: this.logger,
      cgroupMode: () => cgroupMode(sys),
      machine: sys.uname().machine,
      plan: (request) => preparePod(this.createDeps, request),
      shutdown: () => void this.shutdownLast(),
    });
  }

  private openIo(names: StdioNames, containerId: string): ProcessStdio {
    const { sys, loop } = this.env;
    const { args } = this;
    const logger = this.logger.child({ container: containerId });
    return new ProcessStdio({ sys, loop, logger }, names, { containerId, namespace: args.namespace });
  }

  /**
   * Ends after its clients, or a moment later. Go's ttrpc client can miss an answer that the end of the connection follows
   * at once, and containerd fails the removal of a pod for that.
   */
  private async shutdownLast(): Promise<void> {
    const { loop } = this.env;
    const giveUpAt = loop.nowMs() + HANG_UP_MS;
    while (this.server.connectionCount > 0 && loop.nowMs() < giveUpAt) await after(loop, HANG_UP_POLL_MS);
    await this.shutdown();
  }

  private shutdown(): Promise<void> {
    this.ending ??= this.shutdownOnce();
    return this.ending;
  }

  /** Takes everything down; the answers given and the events published so far still leave. */
  private async shutdownOnce(): Promise<void> {
    const { sys, loop } = this.env;
    // First of all: a start of the same id is to find nobody here and make a shim of its own.
    await undo({ sys, clock: loop, logger: this.logger }, { kind: "remove-file", path: this.socketPath });
    await this.tasks.sandbox?.stop();
    await Promise.race([this.events.flush(), after(loop, IDLE_MS / 10)]);
    await Promise.race([this.server.end(), after(loop, 1000)]);
    this.logger.info("shim ends");
    this.end();
  }

  private get socketPath(): string {
    const { address, namespace, id, socket } = this.args;
    return socket === "" ? shimSocketPath({ address, namespace, sandboxId: id }) : socket;
  }

  private watchIdle(): void {
    this.env.loop.setTimer(IDLE_MS, () => {
      if (this.tasks.busy || this.server.connectionCount > 0) {
        this.watchIdle();
        return;
      }
      this.logger.warn("nobody uses this shim");
      void this.shutdown();
    });
  }
}

/** Where events go: containerd's socket for them, when it names one. */
function eventConnector({ sys, loop }: ProgramEnvironment) {
  const address = (sys.env("TTRPC_ADDRESS") ?? "").replace(/^unix:\/\//, "");
  if (address === "") return undefined;
  return () => connectStream(sys, loop, { kind: "unix", path: address }, { timeoutMs: 5000 });
}

function after(loop: ProgramEnvironment["loop"], ms: number): Promise<void> {
  return new Promise((resolve) => loop.setTimer(ms, resolve));
}

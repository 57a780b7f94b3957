import { utf8Encode } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import { Logger } from "../../base/logger.ts";
import type {
  AddARPNeighborsRequest,
  CreateContainerRequest,
  CreateSandboxRequest,
  ExecProcessRequest,
  OOMEvent,
  ReadStreamRequest,
  SignalProcessRequest,
  TtyWinResizeRequest,
  UpdateContainerRequest,
  UpdateInterfaceRequest,
  UpdateRoutesRequest,
  WriteStreamRequest,
} from "../../wire/gen/agent/agent.ts";
import { GuestDetailsResponse, StatsContainerResponse } from "../../wire/gen/agent/agent.ts";
import { HealthCheckResponse, VersionCheckResponse } from "../../wire/gen/agent/health.ts";
import { type ARPNeighbor, Interface, type Route } from "../../wire/gen/agent/types.ts";
import { agentService, healthService } from "../../wire/services/agent.ts";
import { memoryStreamPair } from "../../wire/testing/memory-stream.ts";
import { TtrpcClient } from "../../wire/ttrpc/client.ts";
import { createClient } from "../../wire/ttrpc/create-client.ts";
import type { ServiceHandlers } from "../../wire/ttrpc/handlers.ts";
import { TtrpcServer } from "../../wire/ttrpc/server.ts";
import type { AgentConnection } from "../agent-api.ts";

/** A process of a fake guest: a test feeds its output and ends it. */
export class FakeProcess {
  readonly input: Uint8Array[] = [];
  inputClosed = false;
  readonly signals: number[] = [];
  size: { readonly rows: number; readonly columns: number } | undefined;
  private readonly output = { stdout: new FakeOutput(), stderr: new FakeOutput() };
  private resolveExit: (status: number) => void = () => {};
  readonly exited = new Promise<number>((resolve) => {
    this.resolveExit = resolve;
  });

  print(text: string | Uint8Array, stream: "stdout" | "stderr" = "stdout"): void {
    this.output[stream].push(typeof text === "string" ? utf8Encode(text) : text);
  }

  /** Ends it; its outputs end too unless a grandchild is to hold them. */
  exit(status: number, options: { readonly holdOutput?: boolean } = {}): void {
    if (options.holdOutput !== true) this.endOutput();
    this.resolveExit(status);
  }

  endOutput(): void {
    this.output.stdout.end();
    this.output.stderr.end();
  }

  read(stream: "stdout" | "stderr", length: number): Promise<Uint8Array> {
    return this.output[stream].read(length);
  }
}

class FakeOutput {
  private readonly chunks: Uint8Array[] = [];
  private readonly readers: { readonly length: number; readonly resolve: (chunk: Uint8Array) => void }[] = [];
  private ended = false;

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.serve();
  }

  end(): void {
    this.ended = true;
    this.serve();
  }

  read(length: number): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.readers.push({ length, resolve });
      this.serve();
    });
  }

  private serve(): void {
    for (;;) {
      const reader = this.readers[0];
      const chunk = this.chunks[0];
      if (reader === undefined || (chunk === undefined && !this.ended)) return;
      this.readers.shift();
      if (chunk === undefined) reader.resolve(new Uint8Array(0));
      else if (chunk.length <= reader.length) reader.resolve(this.chunks.shift() as Uint8Array);
      else {
        this.chunks[0] = chunk.subarray(reader.length);
        reader.resolve(chunk.subarray(0, reader.length));
      }
    }
  }
}

type Method = Uncapitalize<keyof (typeof agentService)["methods"]> | "check";

/** A guest agent in memory, behind a real ttrpc connection. Tests steer its processes and make its methods fail or hang. */
export class FakeGuest implements ServiceHandlers<typeof agentService> {
  readonly calls: string[] = [];
  readonly sandboxes: CreateSandboxRequest[] = [];
  readonly created: CreateContainerRequest[] = [];
  readonly execs: ExecProcessRequest[] = [];
  readonly updates: UpdateContainerRequest[] = [];
  readonly paused = new Set<string>();
  /** Containers whose processes wait in the kernel: signals do not end them. */
  readonly stuck = new Set<string>();
  readonly interfaces: Interface[] = [];
  /** The routes that it was given last. */
  routes: readonly Route[] = [];
  readonly neighbors: ARPNeighbor[] = [];
  extraFeatures = ["ordered-streams"];
  supportsSeccomp = true;
  private readonly clock: Clock;
  private readonly processes = new Map<string, FakeProcess>();
  private readonly failures = new Map<string, KataError | "hang">();
  private readonly oomReaders: ((event: OOMEvent) => void)[] = [];
  private connections: AgentConnection[] = [];
  private frozen: Promise<void> = Promise.resolve();
  thaw: () => void = () => {};

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Makes a method fail or never answer, until `recover`. */
  fail(method: Method, how: KataError | "hang"): void {
    this.failures.set(method, how);
  }

  recover(method: Method): void {
    this.failures.delete(method);
  }

  /** Lets every call wait until `thaw`, which answers them all: a VM that is stopped and goes on. */
  freeze(): void {
    this.frozen = new Promise((resolve) => {
      this.thaw = resolve;
    });
  }

  /** A container's first process, or the exec that was started last. */
  process(containerId: string, exec = false): FakeProcess {
    const token = exec ? this.execs.at(-1)?.execId : containerId;
    const process = this.processes.get(`${containerId}/${token}`);
    if (process === undefined) throw new Error(`The guest has no process ${containerId}/${token}`);
    return process;
  }

  reportOom(containerId: string): void {
    this.oomReaders.shift()?.({ containerId });
  }

  /** Connects as `dialAgent` does. */
  dial(): AgentConnection {
    const [here, there] = memoryStreamPair();
    const logger = new Logger({ sink: () => {}, wallMs: () => 0 }, { level: "error" });
    const server = new TtrpcServer({ clock: this.clock, logger });
    server.register(agentService, this);
    server.register(healthService, {
      check: () => this.does("check", () => HealthCheckResponse.create({})),
      version: () => VersionCheckResponse.create({}),
    });
    server.serve(there);
    const client = new TtrpcClient({ stream: here, clock: this.clock });
    const connection = {
      agent: createClient(agentService, client),
      health: createClient(healthService, client),
      heard: () => client.receivedFrames,
      closed: client.closed,
      close: (cause?: unknown) => client.close(cause),
    };
    this.connections.push(connection);
    return connection;
  }

  /** The agent, or the whole guest, is gone: every connection breaks. */
  die(): void {
    for (const connection of this.connections.splice(0)) connection.close(new Error("The peer hung up"));
  }

  createSandbox(request: CreateSandboxRequest) {
    return this.does("createSandbox", () => {
      this.sandboxes.push(request);
      return {};
    });
  }
  updateInterface({ interface: wanted }: UpdateInterfaceRequest) {
    return this.does("updateInterface", () => {
      if (wanted !== undefined) this.interfaces.push(wanted);
      return wanted ?? Interface.create({});
    });
  }
  updateRoutes({ routes }: UpdateRoutesRequest) {
    return this.does("updateRoutes", () => {
      this.routes = routes?.Routes ?? [];
      return { Routes: [] };
    });
  }
  addARPNeighbors({ neighbors }: AddARPNeighborsRequest) {
    return this.does("addARPNeighbors", () => {
      this.neighbors.push(...(neighbors?.ARPNeighbors ?? []));
      return {};
    });
  }
  getGuestDetails() {
    return this.does("getGuestDetails", () =>
      GuestDetailsResponse.create({
        agentDetails: { version: "fake", supportsSeccomp: this.supportsSeccomp, extraFeatures: this.extraFeatures },
      }),
    );
  }
  createContainer(request: CreateContainerRequest) {
    return this.does("createContainer", () => {
      this.created.push(request);
      this.processes.set(`${request.containerId}/${request.execId}`, new FakeProcess());
      return {};
    });
  }
  startContainer() {
    return this.does("startContainer", () => ({}));
  }
  removeContainer({ containerId }: { containerId: string }) {
    return this.does("removeContainer", () => {
      this.processes.delete(`${containerId}/${containerId}`);
      return {};
    });
  }
  execProcess(request: ExecProcessRequest) {
    return this.does("execProcess", () => {
      this.execs.push(request);
      this.processes.set(`${request.containerId}/${request.execId}`, new FakeProcess());
      return {};
    });
  }
  signalProcess({ containerId, execId, signal }: SignalProcessRequest) {
    return this.does("signalProcess", () => {
      const process = this.find(containerId, execId === "" ? containerId : execId);
      process.signals.push(signal);
      if (signal === 9 && !this.stuck.has(containerId)) process.exit(137);
      return {};
    });
  }
  waitProcess({ containerId, execId }: { containerId: string; execId: string }) {
    return this.does("waitProcess", async () => ({ status: await this.find(containerId, execId).exited }));
  }
  readStdout({ containerId, execId, len }: ReadStreamRequest) {
    return this.does("readStdout", async () => ({ data: await this.find(containerId, execId).read("stdout", len) }));
  }
  readStderr({ containerId, execId, len }: ReadStreamRequest) {
    return this.does("readStderr", async () => ({ data: await this.find(containerId, execId).read("stderr", len) }));
  }
  writeStdin({ containerId, execId, data }: WriteStreamRequest) {
    return this.does("writeStdin", () => {
      this.find(containerId, execId).input.push(data);
      return { len: data.length };
    });
  }
  closeStdin({ containerId, execId }: { containerId: string; execId: string }) {
    return this.does("closeStdin", () => {
      this.find(containerId, execId).inputClosed = true;
      return {};
    });
  }
  ttyWinResize({ containerId, execId, row, column }: TtyWinResizeRequest) {
    return this.does("ttyWinResize", () => {
      this.find(containerId, execId).size = { rows: row, columns: column };
      return {};
    });
  }
  pauseContainer({ containerId }: { containerId: string }) {
    return this.does("pauseContainer", () => {
      this.paused.add(containerId);
      return {};
    });
  }
  resumeContainer({ containerId }: { containerId: string }) {
    return this.does("resumeContainer", () => {
      this.paused.delete(containerId);
      return {};
    });
  }
  updateContainer(request: UpdateContainerRequest) {
    return this.does("updateContainer", () => {
      this.updates.push(request);
      return {};
    });
  }
  statsContainer() {
    return this.does("statsContainer", () =>
      StatsContainerResponse.create({
        cgroupStats: {
          cpuStats: { cpuUsage: { totalUsage: 5000n } },
          memoryStats: { usage: { usage: 4096n, limit: 8192n } },
          pidsStats: { current: 2n },
        },
      }),
    );
  }
  getOOMEvent() {
    return this.does("getOOMEvent", () => new Promise<OOMEvent>((resolve) => this.oomReaders.push(resolve)));
  }

  private find(containerId: string, execId: string): FakeProcess {
    const process = this.processes.get(`${containerId}/${execId}`);
    if (process === undefined) throw new KataError("not-found", `no process ${execId}`);
    return process;
  }

  private async does<T>(method: Method, answer: () => T | Promise<T>): Promise<T> {
    this.calls.push(method);
    await this.frozen;
    const failure = this.failures.get(method);
    if (failure === "hang") return new Promise<never>(() => {});
    if (failure !== undefined) throw failure;
    return answer();
  }
}

import { execFileSync } from "node:child_process";
import {
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { packAny } from "../../src/wire/any.ts";
import { CreateTaskRequest, DeleteResponse, ExecProcessRequest } from "../../src/wire/gen/containerd/task/v2/shim.ts";
import { Options } from "../../src/wire/gen/runtimeoptions/v1/api.ts";
import { taskV2Service } from "../../src/wire/services/task.ts";
import { TtrpcClient } from "../../src/wire/ttrpc/client.ts";
import { createClient, type ServiceClient } from "../../src/wire/ttrpc/create-client.ts";
import { makeBusyboxRootfs } from "./busybox-rootfs.ts";
import { Stream } from "./fifo-stream.ts";
import { findProcesses } from "./leak-check.ts";
import { NodeStream, nodeClock } from "./node-stream.ts";

export { Stream } from "./fifo-stream.ts";

const repository = path.resolve(import.meta.dirname, "../..");
export const shimProgram = process.env.KATA_TEST_SHIM ?? path.join(repository, "out/bin/containerd-shim-kata-v2");
export const configuration =
  process.env.KATA_TEST_CONFIG ?? path.join(repository, "out/etc/kata-containers/configuration.toml");

/** What a container is to be; the rest is as containerd's defaults have it. */
export interface ContainerOptions {
  readonly args: readonly string[];
  readonly terminal?: boolean;
  readonly stdin?: boolean;
  readonly env?: readonly string[];
  /** Merged into config.json's top level. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** URIs in place of the FIFOs. */
  readonly stdout?: string;
}

const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
const capabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_NET_BIND_SERVICE",
];
const mounts = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
];

/** The `process` object of a program. */
export function processSpec(args: readonly string[], more: Readonly<Record<string, unknown>> = {}): object {
  return {
    user: { uid: 0, gid: 0 },
    args,
    env: ["PATH=/bin", "TERM=xterm"],
    cwd: "/",
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
    ...more,
  };
}

const { O_NONBLOCK, O_WRONLY } = constants;

/** Runs real shims from bundles in a directory of its own, as containerd does. */
export class ShimHost {
  readonly dir = mkdtempSync(path.join(tmpdir(), "kata-shim-"));
  readonly env: Record<string, string> = {};
  private readonly sockets: Socket[] = [];
  private readonly containers: RunningContainer[] = [];
  private rootfs: string | undefined;

  /** A directory with busybox, made once. */
  get busybox(): string {
    if (this.rootfs === undefined) {
      this.rootfs = path.join(this.dir, "busybox");
      makeBusyboxRootfs(this.rootfs);
    }
    return this.rootfs;
  }

  bundle(id: string): string {
    return path.join(this.dir, "bundles", id);
  }

  /** Writes a bundle; the root file system is an overlay over busybox, given with the request. */
  makeBundle(id: string, options: ContainerOptions): CreateTaskRequest {
    const bundle = this.bundle(id);
    mkdirSync(path.join(bundle, "rootfs"), { recursive: true });
    for (const name of ["upper", "work"]) mkdirSync(path.join(bundle, name));
    const config = {
      ociVersion: "1.1.0",
      process: processSpec(options.args, {
        terminal: options.terminal ?? false,
        ...(options.env === undefined ? {} : { env: options.env }),
      }),
      root: { path: "rootfs" },
      hostname: id,
      linux: { namespaces, cgroupsPath: `/default/${id}`, maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"] },
      ...options.spec,
      mounts: [...mounts, ...((options.spec?.mounts as object[] | undefined) ?? [])],
    };
    writeFileSync(path.join(bundle, "config.json"), JSON.stringify(config));
    const streams = ["stdout", ...(options.terminal ? [] : ["stderr"]), ...(options.stdin ? ["stdin"] : [])];
    for (const name of streams) execFileSync("mkfifo", [path.join(bundle, name)]);
    const fifo = (name: string) => (streams.includes(name) ? path.join(bundle, name) : "");
    return CreateTaskRequest.create({
      id,
      bundle,
      rootfs: [
        {
          type: "overlay",
          source: "overlay",
          options: [`lowerdir=${this.busybox}`, `upperdir=${bundle}/upper`, `workdir=${bundle}/work`],
        },
      ],
      terminal: options.terminal ?? false,
      stdin: fifo("stdin"),
      stdout: options.stdout ?? fifo("stdout"),
      stderr: fifo("stderr"),
      options: packAny(Options, { typeUrl: "", configPath: configuration, configBody: new Uint8Array(0) }),
    });
  }

  /** Runs `containerd-shim-kata-v2 ... start` and returns the printed address. */
  startShim(id: string, flags: readonly string[] = []): string {
    return execFileSync(shimProgram, [...this.flags(id), ...flags, "start"], {
      encoding: "utf8",
      cwd: this.bundle(id),
      env: { ...process.env, ...this.env },
    });
  }

  /** Runs `start` in a bundle without config.json, with bytes on standard input, and returns its answer. */
  startSandboxShim(id: string, input: Uint8Array): Uint8Array {
    mkdirSync(this.bundle(id), { recursive: true });
    return execFileSync(shimProgram, [...this.flags(id), "-debug", "start"], {
      cwd: this.bundle(id),
      env: { ...process.env, ...this.env },
      input,
    });
  }

  /** Runs `containerd-shim-kata-v2 ... delete`. */
  deleteShim(id: string): DeleteResponse {
    return DeleteResponse.decode(
      execFileSync(shimProgram, [...this.flags(id), "-bundle", this.bundle(id), "delete"], { timeout: 10_000 }),
    );
  }

  /** Connects to a shim. */
  async connect(address: string): Promise<{ task: ServiceClient<typeof taskV2Service>; client: TtrpcClient }> {
    const socket = connect(address.replace(/^unix:\/\//, ""));
    this.sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const client = new TtrpcClient({ stream: new NodeStream(socket), clock: nodeClock });
    return { task: createClient(taskV2Service, client), client };
  }

  /** The socket of a container's shim, as `start` wrote it into the bundle. */
  socketOf(id: string): string {
    return readFileSync(path.join(this.bundle(id), "address"), "utf8").replace(/^unix:\/\//, "");
  }

  shimPid(id: string): number {
    return Number(readFileSync(path.join(this.bundle(id), "shim.pid"), "utf8"));
  }

  log(id: string): string {
    const file = path.join(this.bundle(id), "log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** A shim for a new bundle, connected; nothing is created yet. */
  async prepare(id: string, options: ContainerOptions): Promise<RunningContainer> {
    const request = this.makeBundle(id, options);
    const container = new RunningContainer(request, await this.connect(this.startShim(id, ["-debug"])));
    this.containers.push(container);
    return container;
  }

  /** A container that is created and started, with its streams. */
  async run(id: string, options: ContainerOptions): Promise<RunningContainer> {
    const container = await this.prepare(id, options);
    await container.create();
    await container.task.start({ id, execId: "" });
    return container;
  }

  remove(): void {
    for (const container of this.containers) container.closeStreams();
    for (const socket of this.sockets) socket.destroy();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** What all shims logged, for whoever has to find out why a test failed. */
  logs(): string {
    return this.containers.map(({ id }) => `--- log of ${id}\n${this.log(id)}`).join("");
  }

  /** Log lines about errors that no handler caught. */
  faults(): string[] {
    return this.containers.flatMap(({ id }) => this.log(id).split("\n")).filter((line) => line.includes("msg=fault"));
  }

  /** Every shim that is still there is deleted, as containerd would; for tests that failed half-way. */
  cleanUp(): void {
    for (const { id } of this.containers) if (existsSync(this.bundle(id))) this.deleteShim(id);
  }

  private flags(id: string): string[] {
    return ["-namespace", "test", "-address", this.dir, "-id", id];
  }
}

/** A container that a test drives over the task API. */
export class RunningContainer {
  readonly task: ServiceClient<typeof taskV2Service>;
  readonly client: TtrpcClient;
  readonly request: CreateTaskRequest;
  readonly stdout: Stream | undefined;
  readonly stderr: Stream | undefined;
  pid = 0;
  private readonly streams: Stream[] = [];
  private opened: Socket | undefined;
  private execs = 0;

  constructor(
    request: CreateTaskRequest,
    connection: { task: ServiceClient<typeof taskV2Service>; client: TtrpcClient },
  ) {
    this.request = request;
    this.task = connection.task;
    this.client = connection.client;
    this.stdout = request.stdout.startsWith("/") ? new Stream(request.stdout) : undefined;
    this.stderr = request.stderr === "" ? undefined : new Stream(request.stderr);
    for (const stream of [this.stdout, this.stderr]) if (stream !== undefined) this.streams.push(stream);
  }

  private get input(): Socket {
    if (this.opened === undefined) {
      const fd = openSync(this.request.stdin, O_WRONLY | O_NONBLOCK);
      this.opened = new Socket({ fd, readable: false, writable: true });
      // The process may end without reading its input.
      this.opened.on("error", () => {});
    }
    return this.opened;
  }

  get id(): string {
    return this.request.id;
  }

  async create(): Promise<void> {
    this.pid = (await this.task.create(this.request)).pid;
  }

  /** Writes to the process's stdin; the first call opens it. */
  async write(data: string | Uint8Array): Promise<void> {
    const { input } = this;
    if (!input.write(data)) await new Promise((resolve) => input.once("drain", resolve));
  }

  async closeInput(): Promise<void> {
    const { input } = this;
    await new Promise<void>((resolve) => input.end(resolve));
    await this.task.closeIO({ id: this.id, execId: "", stdin: true });
  }

  async wait(execId = ""): Promise<number> {
    return (await this.task.wait({ id: this.id, execId })).exitStatus;
  }

  /** Runs a program in the container to its end. */
  async exec(
    args: readonly string[],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const execId = `exec-${++this.execs}`;
    const fifo = (name: string) => path.join(this.request.bundle, `${execId}-${name}`);
    for (const name of ["stdout", "stderr"]) execFileSync("mkfifo", [fifo(name)]);
    const [stdout, stderr] = [new Stream(fifo("stdout")), new Stream(fifo("stderr"))];
    this.streams.push(stdout, stderr);
    const value = Buffer.from(JSON.stringify(processSpec(args, more)));
    await this.task.exec(
      ExecProcessRequest.create({
        id: this.id,
        execId,
        stdout: fifo("stdout"),
        stderr: fifo("stderr"),
        spec: { typeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Process", value },
      }),
    );
    try {
      await this.task.start({ id: this.id, execId });
      const code = await this.wait(execId);
      await Promise.all([stdout.ended, stderr.ended]);
      return { code, stdout: stdout.text, stderr: stderr.text };
    } finally {
      await this.task.delete({ id: this.id, execId });
      this.streams.splice(this.streams.indexOf(stdout), 2);
      for (const { socket } of [stdout, stderr]) socket.destroy();
      for (const name of ["stdout", "stderr"]) rmSync(fifo(name));
    }
  }

  /** Gives the ends of its FIFOs up. */
  closeStreams(): void {
    for (const stream of this.streams) stream.socket.destroy();
    this.opened?.destroy();
  }

  /** Kills it if it runs, deletes it and shuts its shim down. */
  async end(): Promise<void> {
    await this.task.kill({ id: this.id, execId: "", signal: 9, all: true });
    await this.wait();
    await this.task.delete({ id: this.id, execId: "" });
    await this.task.shutdown({ id: this.id, now: false });
    await this.client.closed;
  }
}

/** What is left on the host of sandboxes and shims whose ids or directories contain `text`: empty after a clean end. */
export function leftoversOf(text: string): string[] {
  const names = (directory: string) => (existsSync(directory) ? readdirSync(directory) : []);
  const entries = [
    "/run/vc/sbs",
    "/run/vc/vm",
    "/run/kata-containers/shared/sandboxes",
    ...names("/sys/fs/cgroup").map((name) => `/sys/fs/cgroup/${name}`),
  ].flatMap((directory) =>
    statSync(directory, { throwIfNoEntry: false })?.isDirectory()
      ? names(directory).map((name) => `${directory}/${name}`)
      : [],
  );
  const lines = (file: string) => readFileSync(file, "utf8").split("\n");
  return [
    ...entries.filter((entry) => entry.includes(text)),
    ...lines("/proc/self/mountinfo").filter((line) => line.includes(text)),
    ...lines("/proc/net/unix").filter((line) => line.includes(text)),
    ...findProcesses(/./, text)
      .filter((pid) => pid !== process.pid)
      .map((pid) => `process ${pid}`),
  ];
}

/** Waits until something holds. */
export async function until(holds: () => boolean, timeoutMs = 60_000, what = "the condition"): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > giveUpAt) throw new Error(`${what} did not come true in ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a process is there and no zombie. */
export function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

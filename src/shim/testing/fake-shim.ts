import { utf8Encode } from "../../base/bytes.ts";
import { Failpoints } from "../../base/failpoint.ts";
import { Logger, type LogRecord } from "../../base/logger.ts";
import { FakeBackends } from "../../sandbox/testing/fake-backends.ts";
import { createFakeSys, type FakeSys } from "../../sys/fake.ts";
import { FakeLoop } from "../../sys/fake-loop.ts";
import { signals } from "../../sys/signals.ts";
import { CreateTaskRequest, ExecProcessRequest } from "../../wire/gen/containerd/task/v2/shim.ts";
import type { CallContext } from "../../wire/ttrpc/handlers.ts";
// What a shim loads when it needs it is here from the start: a clock that tests drive waits for no files.
import "../../resource/network/endpoint.ts";
import "../../resource/network/guest-network.ts";
import "../../sandbox/check-assets.ts";
import "../../sandbox/cleanup.ts";
import "../../sandbox/guest-network.ts";
import "../../sandbox/pod-container.ts";
import "../metrics.ts";
import { EventPublisher } from "../events.ts";
import { directPlanner } from "../planning/direct.ts";
import { preparePod } from "../prepare-pod.ts";
import type { CreateDeps } from "../prepare-task.ts";
import { SandboxService } from "../sandbox-service.ts";
import { ProcessStdio } from "../stdio/process-stdio.ts";
import { TaskService } from "../task-service.ts";
import { Tasks } from "../tasks.ts";

/** A configuration that names programs which no fake looks for. */
export const configToml = `
[hypervisor.qemu]
path = "/bin/vmm"
kernel = "/kernel"
initrd = "/initrd"
default_memory = 256
shared_fs = "virtio-fs"
virtio_fs_daemon = "/bin/virtiofsd"
[agent.kata]
dial_timeout = 10
[runtime]
`;

/** The least that a container needs. */
export const minimalSpec = {
  ociVersion: "1.1.0",
  process: { args: ["sh"], cwd: "/" },
  root: { path: "rootfs" },
  linux: { namespaces: [{ type: "pid" }, { type: "mount" }] },
};

/** A shim's services over a Linux, a VMM and a guest in memory. Time moves only by `run` and `loop.advance`. */
export class FakeShim {
  readonly sys: FakeSys = createFakeSys();
  readonly loop = new FakeLoop(this.sys);
  readonly backends = new FakeBackends(this.sys, this.loop);
  readonly guest = this.backends.guest;
  readonly records: LogRecord[] = [];
  /** Topics, and ids, of published events, in order. */
  readonly published: string[] = [];
  readonly tasks: Tasks;
  readonly service: TaskService;
  readonly sandboxes: SandboxService;
  shutdowns = 0;

  constructor(failpoint = "") {
    const { sys, loop } = this;
    const logger = new Logger(
      { sink: (record) => this.records.push(record), wallMs: () => loop.wallMs() },
      { level: "debug" },
    );
    sys.fake.addFile("/etc/kata.toml", configToml);
    sys.fake.addFile("/proc/meminfo", "MemTotal:       16000000 kB\n");
    sys.fake.addFile("/proc/self/mountinfo", "");
    for (const file of ["/bin/vmm", "/kernel", "/initrd", "/bin/virtiofsd"]) sys.fake.addFile(file, "", 0o755);
    const { processes } = sys.fake;
    const { onExit } = processes;
    processes.onSpawn = ({ pid }) => {
      sys.fake.addFile(`/proc/${pid}/stat`, `${pid} (x) S ${"0 ".repeat(10)}30 20 ${"0 ".repeat(4)}3 0 7${pid} 0`);
      sys.fake.addFile(`/proc/${pid}/status`, "RssAnon:\t    100 kB\nRssFile:\t     20 kB\nRssShmem:\t   3000 kB\n");
    };
    processes.onExit = (process) => {
      for (const file of ["stat", "status"]) sys.unlink(`/proc/${process.pid}/${file}`);
      onExit(process);
    };
    const events = this.recordingEvents(logger);
    const openIo = (names: { stdin: string; stdout: string; stderr: string }, containerId: string) =>
      new ProcessStdio({ sys, loop, logger }, names, { containerId, namespace: "test" });
    const deps: CreateDeps = {
      sys,
      clock: loop,
      logger,
      debugLogger: logger,
      namespace: "test",
      socket: "/run/containerd/s/test",
      configPath: "/etc/kata.toml",
      openIo,
      onSandbox: () => {},
      backends: this.backends,
      planner: directPlanner(sys),
      failpoints: new Failpoints({ clock: loop, kill: () => sys.kill(sys.pid(), signals.SIGKILL) }, failpoint),
      events: {
        exited: async (process) => {
          await this.service.processEnded(process);
          this.tasks.processEnded(process);
        },
        outOfMemory: (containerId) => this.service.outOfMemory(containerId),
      },
    };
    this.tasks = new Tasks(deps);
    this.sandboxes = new SandboxService({
      tasks: this.tasks,
      clock: loop,
      logger,
      cgroupMode: () => "unified",
      machine: "x86_64",
      plan: (request) => preparePod(deps, request),
      shutdown: () => {
        this.shutdowns++;
      },
    });
    this.service = new TaskService({
      tasks: this.tasks,
      events,
      logger,
      shimPid: 42,
      wallMs: () => loop.wallMs(),
      cgroupMode: () => "unified",
      openIo,
      shutdown: () => {
        this.shutdowns++;
      },
    });
  }

  /** Makes a bundle with FIFOs; returns a create request for it. */
  bundle(id: string, spec: object = minimalSpec): CreateTaskRequest {
    const path = `/bundles/${id}`;
    this.sys.fake.addFile(`${path}/config.json`, JSON.stringify(spec));
    this.sys.fake.addDirectory(`${path}/rootfs`);
    for (const name of ["stdin", "stdout", "stderr"]) {
      if (!this.sys.exists(`${path}/${name}`)) this.sys.mkfifo(`${path}/${name}`, 0o600);
    }
    return CreateTaskRequest.create({
      id,
      bundle: path,
      stdin: `${path}/stdin`,
      stdout: `${path}/stdout`,
      stderr: `${path}/stderr`,
      options: {
        typeUrl: "runtimeoptions.v1.Options",
        value: new Uint8Array([0x12, 14, ...utf8Encode("/etc/kata.toml")]),
      },
    });
  }

  /** Creates and starts a container. */
  async started(id: string, spec: object = minimalSpec): Promise<void> {
    await this.run(this.service.create(this.bundle(id, spec)));
    await this.run(this.service.start({ id, execId: "" }));
  }

  execRequest(id: string, execId: string, process: object = { args: ["ls"], cwd: "/" }): ExecProcessRequest {
    const value = utf8Encode(JSON.stringify(process));
    return ExecProcessRequest.create({ id, execId, spec: { typeUrl: "process", value } });
  }

  /** Lets time pass until a promise settles, at most a minute, and gives its value or throws its error. */
  async run<T>(work: Promise<T> | T, stepMs = 10): Promise<T> {
    let done = false;
    const settled = Promise.resolve(work).finally(() => {
      done = true;
    });
    settled.catch(() => {});
    for (let step = 0; step < 6000 && !done; step++) {
      await this.loop.settle();
      if (!done) await this.loop.advance(stepMs);
    }
    if (!done) throw new Error("The promise did not settle within a minute");
    return settled;
  }

  /** What is left of sandboxes: mounts, files, running processes, open descriptors. Empty when all is taken back. */
  leftovers(): string[] {
    const { fake } = this.sys;
    const files = ["/run/vc", "/run/kata-containers"].flatMap((path) => this.filesBelow(path));
    return [
      ...fake.mounts.map(({ target }) => `mount ${target}`),
      ...files,
      ...[...fake.processes.table.values()]
        .filter(({ status }) => status === undefined)
        .map(({ pid }) => `process ${pid}`),
      ...fake.openDescriptors.map((fd) => `descriptor ${fd}`),
    ];
  }

  context(): CallContext & { readonly finish: () => void } {
    const listeners: (() => void)[] = [];
    const context = { onFinished: (listener: () => void) => void listeners.push(listener) };
    const finish = () => {
      for (const listener of listeners) listener();
    };
    return { ...context, finish } as unknown as CallContext & { readonly finish: () => void };
  }

  private filesBelow(path: string): string[] {
    if (!this.sys.exists(path)) return [];
    return this.sys.readDir(path).flatMap(({ name, kind }) => {
      const child = `${path}/${name}`;
      if (kind !== "directory") return [child];
      const inside = this.filesBelow(child);
      // The directories that all sandboxes share stay.
      return inside.length > 0 || child.split("/").length <= 5 ? inside : [child];
    });
  }

  private recordingEvents(logger: Logger): EventPublisher {
    const events = new EventPublisher({ clock: this.loop, logger, connect: undefined }, { namespace: "test" });
    events.publish = (topic, _type, message) => {
      const { containerId, execId, id } = message as { containerId: string; execId?: string; id?: string };
      this.published.push([topic.slice("/tasks/".length), containerId, execId ?? id].filter(Boolean).join(" "));
      return Promise.resolve();
    };
    return events;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Containerd, startContainerd } from "./containerd.ts";
import { unmountBelow } from "./containerd-leftovers.ts";
import { chosen } from "./containerd-version.ts";
import { cache } from "./guest-build.ts";
import { type CommandResult, type RunOptions, repository, runCommand } from "./kata-ctl.ts";
import { run } from "./leak-check.ts";
import { NetNamespace } from "./net-namespace.ts";
import { demoImage } from "./pause-image.ts";

/** A step of a terminal session, see terminal.py. */
export type TerminalStep =
  | { expect: string; timeout?: number; remind?: boolean }
  | { send: string }
  | { resize: [number, number] };

/** What became of a terminal session: `failed` is the step that got nothing. */
export interface TerminalResult {
  readonly code: number;
  readonly output: string;
  readonly failed: TerminalStep | null;
}

/** The releases that tests drive. "28" stands for what Debian sid has: 28 or newer. */
export type DockerVersion = "26" | "28";

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/**
 * A real Docker engine with data, sockets and containerd of its own, in a network namespace of its own: its bridge and its
 * firewall rules touch nobody else's. It knows the image `busybox`.
 *
 *     const docker = await Docker.start("26", "/tmp/dkr-x");
 *     await docker.must(["run", "--rm", "--runtime", kataRuntime, "busybox", "uname"]);
 *     await docker.stop();
 *
 * Its packages are unpacked by tools/setup/docker.sh, which the vitest project "containerd" calls once.
 */
export class Docker {
  /** The network namespace of the engine: what is "the host" for published ports. */
  readonly node: NetNamespace;
  readonly containerd: Containerd;
  private readonly directory: string;
  private readonly packages: string;
  private readonly cgroupParent: string;
  private engine: ChildProcess | undefined;

  private constructor(version: DockerVersion, directory: string, node: NetNamespace, containerd: Containerd) {
    this.directory = directory;
    this.packages = path.join(cache, "docker", version, "usr");
    this.node = node;
    this.containerd = containerd;
    this.cgroupParent = path.basename(directory);
  }

  /** `directory` is made if missing, and must be short: sockets are in there. */
  static async start(version: DockerVersion, directory: string): Promise<Docker> {
    mkdirSync(directory, { recursive: true });
    const node = new NetNamespace();
    await node.ready();
    const containerd = await startContainerd({
      version: chosen("1.7"),
      directory: path.join(directory, "ctd"),
      prefix: node.prefix,
    });
    const docker = new Docker(version, directory, node, containerd);
    try {
      await docker.startEngine();
      const archive = path.join(directory, "busybox.tar");
      run("skopeo", "copy", `oci-archive:${demoImage}`, `docker-archive:${archive}:busybox:latest`);
      await docker.must(["load", "-i", archive]);
    } catch (error) {
      await docker.stop().catch(() => {});
      throw error;
    }
    return docker;
  }

  /** Runs `docker`. */
  run(arguments_: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return runCommand(path.join(this.packages, "bin/docker"), arguments_, {
      timeoutMs: 100_000,
      ...options,
      env: { ...this.clientEnvironment, ...options.env },
    });
  }

  /** Like `run`, but a non-zero exit code throws with both streams. */
  async must(arguments_: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const result = await this.run(arguments_, options);
    if (result.code === 0) return result;
    throw new Error(`docker ${arguments_.join(" ")} exited with ${result.code}\n${result.stdout}\n${result.stderr}`);
  }

  /** Plays `steps` against `docker` on a pseudo terminal of 24 rows and 80 columns. */
  async terminal(arguments_: readonly string[], steps: readonly TerminalStep[]): Promise<TerminalResult> {
    const script = path.join(repository, "test/support/terminal.py");
    const command = [script, JSON.stringify(steps), path.join(this.packages, "bin/docker"), ...arguments_];
    const result = await runCommand("python3", command, { env: this.clientEnvironment, timeoutMs: 240_000 });
    if (result.code !== 0) throw new Error(result.stderr);
    return JSON.parse(result.stdout) as TerminalResult;
  }

  /** Everything that the engine has logged. */
  log(): string {
    const file = path.join(this.directory, "dockerd.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Removes every container. */
  async removeContainers(): Promise<void> {
    const ids = (await this.run(["ps", "-aq"])).stdout.split("\n").filter((line) => line !== "");
    if (ids.length > 0) await this.run(["rm", "-f", ...ids]);
  }

  /** Ends it and everything that it started. */
  async stop(): Promise<void> {
    await this.removeContainers().catch(() => {});
    await this.endEngine();
    await this.containerd.stop();
    unmountBelow(this.directory);
    // runc leaves the parents of its containers' cgroups.
    for (const hierarchy of run("ls", "/sys/fs/cgroup").split("\n")) {
      const parent = path.join("/sys/fs/cgroup", hierarchy, this.cgroupParent);
      if (existsSync(parent)) rmdirSync(parent);
    }
    await this.node.close();
  }

  private get socket(): string {
    return path.join(this.directory, "docker.sock");
  }

  private get clientEnvironment(): Readonly<Record<string, string>> {
    return { DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: path.join(this.directory, "client") };
  }

  private async startEngine(): Promise<void> {
    const inside = (name: string) => path.join(this.directory, name);
    // Without one the machine's own configuration would be read.
    writeFileSync(inside("daemon.json"), "{}");
    const [program = "", ...arguments_] = [
      ...this.node.prefix,
      path.join(this.packages, "sbin/dockerd"),
      ...["--config-file", inside("daemon.json"), "--host", `unix://${this.socket}`, "--pidfile", inside("docker.pid")],
      ...["--data-root", inside("data"), "--exec-root", inside("exec"), "--containerd", this.containerd.address],
      ...["--cgroup-parent", `/${this.cgroupParent}`],
    ];
    const log = openSync(inside("dockerd.log"), "a");
    const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
    try {
      this.engine = spawn(program, arguments_, {
        env: { ...inherited, PATH: `${this.packages}/bin:${this.packages}/sbin:${this.containerd.path}` },
        stdio: ["ignore", log, log],
      });
    } finally {
      closeSync(log);
    }
    const { engine } = this;
    engine.once("error", () => {});
    const giveUpAt = Date.now() + startTimeoutMs;
    while ((await this.run(["version"])).code !== 0) {
      const ended = engine.exitCode !== null || engine.signalCode !== null || engine.pid === undefined;
      if (ended || Date.now() > giveUpAt) throw new Error(`Docker does not answer:\n${this.log().slice(-4000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async endEngine(): Promise<void> {
    const { engine } = this;
    this.engine = undefined;
    if (engine === undefined || engine.exitCode !== null || engine.signalCode !== null) return;
    const ended = new Promise((resolve) => engine.once("exit", resolve));
    engine.kill("SIGTERM");
    const forced = setTimeout(() => engine.kill("SIGKILL"), stopTimeoutMs);
    await ended;
    clearTimeout(forced);
  }
}

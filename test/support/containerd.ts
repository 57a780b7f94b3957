import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type ConfigFields, type CriOptions, containerdConfiguration } from "./containerd-config.ts";
import { endShims, unmountBelow } from "./containerd-leftovers.ts";
import { type ContainerdVersion, programsOf } from "./containerd-version.ts";
import { cache } from "./guest-build.ts";
import { type CommandResult, type RunOptions, repository, runCommand } from "./kata-ctl.ts";
import { until } from "./shim-host.ts";

export { pauseImageName } from "./containerd-config.ts";
export { type ContainerdVersion, containerdVersions } from "./containerd-version.ts";

export interface ContainerdOptions {
  readonly version: ContainerdVersion;
  /** Private to this containerd, short (its sockets are in there, and their paths end at 107 bytes), made if missing. */
  readonly directory: string;
  /** Turns the CRI plugin on. */
  readonly cri?: CriOptions;
  /** For containerd, and so for the shims that it starts. */
  readonly env?: Readonly<Record<string, string>>;
  /** Kata's configuration, for shims that get none by a runtime option. Default: the one that `make build` writes. */
  readonly kataConfiguration?: string;
  /** A directory whose shims are found before the built ones. */
  readonly programs?: string;
  /** Words before containerd's own command line, such as nsenter's. */
  readonly prefix?: readonly string[];
}

/** `ctr`'s runtime names. */
export const kataRuntime = "io.containerd.kata.v2";
export const runcRuntime = "io.containerd.runc.v2";

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/**
 * A real containerd with root, state and socket of its own, which finds the shim in out/bin:
 *
 *     const containerd = await startContainerd({ version: "1.6", directory: mkdtempSync("/tmp/kata-ctd-") });
 *     await containerd.importImage(demoImage, "docker.io/library/busybox:latest");
 *     await containerd.must(["run", "--rm", "--runtime", kataRuntime, "docker.io/library/busybox:latest", "one", "uname"]);
 *     await containerd.stop();
 *
 * The packages are unpacked by tools/setup/containerd.sh, which the vitest project "containerd" calls once (call it
 * yourself where there is no network). For CRI: import `pauseImage()` as `pauseImageName` into the namespace `k8s.io`, and
 * connect to `address`.
 */
export class Containerd {
  readonly version: ContainerdVersion;
  readonly directory: string;
  /** The gRPC socket's path. */
  readonly address: string;
  /** What to put on PATH to get this containerd's programs, our shim and runc. */
  readonly path: string;
  private readonly environment: Readonly<Record<string, string>>;
  private readonly prefix: readonly string[];
  private process: ChildProcess | undefined;

  constructor(options: ContainerdOptions) {
    const { version, directory } = options;
    this.version = version;
    this.directory = directory;
    this.prefix = options.prefix ?? [];
    this.address = path.join(directory, "containerd.sock");
    // runc and CNI plugins: only 1.6's directory has them.
    const others = path.join(cache, "containerd/1.6/usr");
    this.path = [
      ...(options.programs === undefined ? [] : [options.programs]),
      path.join(repository, "out/bin"),
      programsOf(version),
      path.join(others, "sbin"),
      process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    ].join(":");
    const kataConfiguration =
      options.kataConfiguration ??
      process.env.KATA_TEST_CONFIG ??
      path.join(repository, "out/etc/kata-containers/configuration.toml");
    const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
    this.environment = { ...inherited, PATH: this.path, KATA_CONF_FILE: kataConfiguration, ...options.env } as Record<
      string,
      string
    >;
    const fields: ConfigFields = {
      version,
      directory,
      address: this.address,
      kataConfiguration,
      cniBinDir: path.join(others, "lib/cni"),
      cri: options.cri,
    };
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, "config.toml"), containerdConfiguration(fields));
  }

  /** containerd's own process; undefined while it does not run. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const log = openSync(path.join(this.directory, "containerd.log"), "a");
    try {
      const containerd = path.join(programsOf(this.version), "containerd");
      const [program = "", ...arguments_] = [
        ...this.prefix,
        containerd,
        "--config",
        path.join(this.directory, "config.toml"),
      ];
      this.process = spawn(program, arguments_, {
        env: this.environment,
        cwd: this.directory,
        stdio: ["ignore", log, log],
      });
    } finally {
      closeSync(log);
    }
    const started = this.process;
    started.once("error", () => {});
    const giveUpAt = Date.now() + startTimeoutMs;
    while (!(existsSync(this.address) && (await this.ctr(["version"])).code === 0)) {
      const ended = started.exitCode !== null || started.signalCode !== null || started.pid === undefined;
      if (ended || Date.now() > giveUpAt) {
        throw new Error(`containerd ${this.version} does not answer:\n${this.log().slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Runs `ctr` in the namespace `default`, or in another that the arguments name by `-n`. */
  ctr(arguments_: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const program = path.join(programsOf(this.version), "ctr");
    return runCommand(program, ["-a", this.address, "--connect-timeout", "10s", ...arguments_], {
      ...options,
      // From 2.0 on, what containerd finds outdated about a host is printed among the container's own output.
      env: { CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS: "1", ...options.env },
    });
  }

  /** Like `ctr`, but a non-zero exit code throws with both streams. */
  async must(arguments_: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const result = await this.ctr(arguments_, options);
    if (result.code === 0) return result;
    throw new Error(`ctr ${arguments_.join(" ")} exited with ${result.code}\n${result.stdout}\n${result.stderr}`);
  }

  /** Imports an OCI archive of one image whose tag is `latest`, and gives it a name (`HOST/PATH:TAG`). */
  async importImage(archive: string, name: string, namespace = "default"): Promise<void> {
    const base = name.slice(0, name.lastIndexOf(":"));
    await this.must(["-n", namespace, "image", "import", "--base-name", base, archive]);
    if (name !== `${base}:latest`)
      await this.must(["-n", namespace, "image", "tag", "--force", `${base}:latest`, name]);
  }

  /** Ends containerd (not its shims) with `signal` and starts it again. */
  async restart(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await this.end(signal);
    await this.start();
  }

  /** Ends containerd, not its shims. */
  async end(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const { process: child } = this;
    if (child === undefined) return;
    this.process = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const forced = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await ended;
    clearTimeout(forced);
  }

  /** Ends it and everything that it started, and removes what it stored. What tests leave behind does not survive this. */
  async stop(): Promise<void> {
    await this.removeTasks();
    await this.end();
    await endShims(this.address, this.path);
    unmountBelow(this.directory);
    for (const name of ["root", "state", "containerd.sock", "containerd.sock.ttrpc"]) {
      rmSync(path.join(this.directory, name), { recursive: true, force: true });
    }
  }

  /** Everything that containerd has logged, at debug level; the shims' lines are in it. */
  log(): string {
    const file = path.join(this.directory, "containerd.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Waits until a line of the log contains `text`. */
  async logged(text: string, timeoutMs = 30_000): Promise<void> {
    await until(() => this.log().includes(text), timeoutMs, `a line with "${text}" in containerd's log`);
  }

  private async removeTasks(): Promise<void> {
    if (this.process === undefined) return;
    const lines = async (...arguments_: string[]) =>
      (await this.ctr(arguments_)).stdout.split("\n").filter((line) => line !== "");
    for (const namespace of await lines("namespaces", "ls", "-q")) {
      for (const id of await lines("-n", namespace, "tasks", "ls", "-q")) {
        await this.ctr(["-n", namespace, "tasks", "rm", "-f", id], { timeoutMs: stopTimeoutMs }).catch(() => {});
      }
    }
  }
}

/** Starts a containerd; see `Containerd`. Throws with the end of its log when it does not come up. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const containerd = new Containerd(options);
  try {
    await containerd.start();
  } catch (error) {
    await containerd.stop().catch(() => {});
    throw error;
  }
  return containerd;
}

import { existsSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import type { DeepPartial, MessageType } from "../../../src/wire/protobuf/message-type.ts";
import type { CriHost } from "./cri-host.ts";
import type { ExecStream } from "./exec-stream.ts";
import {
  type ContainerConfig,
  type ContainerStatus,
  containerState,
  namespaceMode,
  type PodSandboxConfig,
} from "./pod-messages.ts";

type Message<T> = T extends MessageType<infer M> ? M : never;
export type PodOptions = DeepPartial<Message<typeof PodSandboxConfig>>;
export type ContainerOptions = DeepPartial<Message<typeof ContainerConfig>>;
export type Status = Message<typeof ContainerStatus>;

/** What a command said. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A pod that runs. */
export class Pod {
  readonly host: CriHost;
  readonly id: string;
  readonly config: PodOptions;

  constructor(host: CriHost, id: string, config: PodOptions) {
    this.host = host;
    this.id = id;
    this.config = config;
  }

  /** Its addresses, IPv4 first. */
  async addresses(): Promise<string[]> {
    const { status } = await this.host.call("PodSandboxStatus", { podSandboxId: this.id });
    const { ip = "", additionalIps = [] } = status?.network ?? {};
    return [ip, ...additionalIps.map((more) => more.ip)];
  }

  /** Makes a container of the demo image that runs a shell script, or what `options` say. */
  async create(name: string, script: string, options: ContainerOptions = {}): Promise<PodContainer> {
    const config: ContainerOptions = {
      metadata: { name, attempt: 0 },
      image: { image: this.host.image },
      command: ["sh", "-c", script],
      logPath: `${name}.log`,
      ...options,
      linux: {
        resources: {},
        ...options.linux,
        // kubelet's default, which is not the protocol's.
        securityContext: { namespaceOptions: { pid: namespaceMode.container }, ...options.linux?.securityContext },
      },
    };
    const { containerId } = await this.host.call("CreateContainer", {
      podSandboxId: this.id,
      config,
      sandboxConfig: this.config,
    });
    return new PodContainer(this.host, containerId, path.join(this.config.logDirectory ?? "", config.logPath ?? ""));
  }

  /** Makes a container and starts it. */
  async run(name: string, script: string, options: ContainerOptions = {}): Promise<PodContainer> {
    const container = await this.create(name, script, options);
    await container.start();
    return container;
  }

  async stop(): Promise<void> {
    await this.host.call("StopPodSandbox", { podSandboxId: this.id });
  }

  /** Stops it if it runs, and removes it with its containers. */
  async remove(): Promise<void> {
    await this.stop();
    await this.host.call("RemovePodSandbox", { podSandboxId: this.id });
    this.host.forget(this);
  }
}

/** A container of a pod. */
export class PodContainer {
  readonly id: string;
  private readonly host: CriHost;
  private readonly logFile: string;

  constructor(host: CriHost, id: string, logFile: string) {
    this.host = host;
    this.id = id;
    this.logFile = logFile;
  }

  async start(): Promise<void> {
    await this.host.call("StartContainer", { containerId: this.id });
  }

  /** Sends SIGTERM, and SIGKILL after `graceSeconds`. */
  async stop(graceSeconds = 0): Promise<void> {
    await this.host.call("StopContainer", { containerId: this.id, timeout: BigInt(graceSeconds) });
  }

  async remove(): Promise<void> {
    await this.host.call("RemoveContainer", { containerId: this.id });
  }

  async status(): Promise<Status> {
    const { status } = await this.host.call("ContainerStatus", { containerId: this.id });
    if (status === undefined) throw new Error(`No status of container ${this.id}`);
    return status;
  }

  /** Waits until it has ended. */
  async ended(timeoutMs = 60_000): Promise<Status> {
    const giveUpAt = Date.now() + timeoutMs;
    for (;;) {
      const status = await this.status();
      if (status.state === containerState.exited) return status;
      if (Date.now() > giveUpAt) throw new Error(`Container ${this.id} runs on: ${JSON.stringify(await this.logs())}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Runs a command as kubelet's probes do. `timeoutSeconds` 0 is none. */
  async exec(cmd: readonly string[], timeoutSeconds = 0): Promise<ExecResult> {
    const result = await this.host.call("ExecSync", { containerId: this.id, cmd, timeout: BigInt(timeoutSeconds) });
    const { stdout, stderr, exitCode } = result;
    return { code: exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
  }

  /** Runs a shell script in it and returns what it printed, without the line end; throws unless it succeeds. */
  async sh(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(["sh", "-c", script]);
    if (code !== 0) throw new Error(`${script}: exit code ${code}\n${stdout}\n${stderr}`);
    return stdout.trimEnd();
  }

  /** Attaches to its first process. */
  async attach(options: { readonly stdin?: boolean; readonly tty?: boolean } = {}): Promise<ExecStream> {
    const { stdin = false, tty = false } = options;
    const request = { containerId: this.id, stdin, tty, stdout: true, stderr: !tty };
    return this.host.openStream((await this.host.call("Attach", request)).url);
  }

  /** Runs a command with streams. */
  async execStream(
    cmd: readonly string[],
    options: { readonly stdin?: boolean; readonly tty?: boolean } = {},
  ): Promise<ExecStream> {
    const { stdin = false, tty = false } = options;
    const request = { containerId: this.id, cmd, stdin, tty, stdout: true, stderr: !tty };
    return this.host.openStream((await this.host.call("Exec", request)).url);
  }

  /** Its log file as kubelet reads it: a line for each `TIME STREAM TAG TEXT`. */
  logs(): { readonly time: string; readonly stream: string; readonly tag: string; readonly text: string }[] {
    if (!existsSync(this.logFile)) return [];
    return readFileSync(this.logFile, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [time = "", stream = "", tag = "", ...words] = line.split(" ");
        return { time, stream, tag, text: words.join(" ") };
      });
  }

  /** Moves its log file away, as kubelet does before it asks for a new one. */
  rotateLog(): void {
    renameSync(this.logFile, `${this.logFile}.1`);
  }

  /** Waits until a line of its log is `text`. */
  async logged(text: string, timeoutMs = 60_000): Promise<void> {
    const giveUpAt = Date.now() + timeoutMs;
    while (!this.logs().some((line) => line.text === text)) {
      if (Date.now() > giveUpAt)
        throw new Error(`The log has no line ${JSON.stringify(text)}: ${JSON.stringify(this.logs())}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { type CommandResult, type RunOptions, runCommand } from "./kata-ctl.ts";
import { run } from "./leak-check.ts";

/** A network namespace that a file of some process's /proc leads to. */
export class NetNamespaceAt {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** What to put before a command so that it runs in here. */
  get prefix(): readonly string[] {
    return ["nsenter", `--net=${this.path}`, "--"];
  }

  /** Runs a command in here. */
  run(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const [program = "", ...arguments_] = [...this.prefix, ...command];
    return runCommand(program, arguments_, options);
  }

  /** Names of the network interfaces in here, sorted. */
  links(): string[] {
    return run("nsenter", `--net=${this.path}`, "ip", "-brief", "link")
      .split("\n")
      .map((line) => (line.split(/[ @]/)[0] ?? "").trim())
      .filter((name) => name !== "")
      .sort();
  }
}

/** A connection by way of another process. */
export interface Tunnel {
  readonly input: Writable;
  readonly output: Readable;
  /** Settles when the connection is over and all its output was read. */
  readonly closed: Promise<void>;
  /** Ends it at once. */
  cut(): void;
}

/** A network namespace of a test's own with its loopback up, kept alive by a process. */
export class NetNamespace extends NetNamespaceAt {
  private readonly keeper: ChildProcessByStdio<Writable, Readable, null>;

  constructor() {
    const keeper = spawn("unshare", ["--net", "--", "sh", "-c", "ip link set lo up && echo ready && exec cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    super(`/proc/${keeper.pid}/ns/net`);
    this.keeper = keeper;
  }

  /** Waits until the loopback is up. */
  async ready(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.keeper.stdout.once("data", () => resolve());
      this.keeper.once("exit", (code) => reject(new Error(`No network namespace: exit code ${code}`)));
      this.keeper.once("error", reject);
    });
  }

  /** Names of unix sockets that were made in here; the kernel lists them by network namespace. */
  unixSockets(): string[] {
    return readFileSync(`/proc/${this.keeper.pid}/net/unix`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/)[7] ?? "")
      .filter((name) => name !== "")
      .sort();
  }

  /** A TCP connection made in here, by way of a netcat. */
  connect(host: string, port: number): Tunnel {
    const [program = "", ...arguments_] = [...this.prefix, "busybox", "nc", host, String(port)];
    const child = spawn(program, arguments_, { stdio: ["pipe", "pipe", "inherit"] });
    // What is written after the end is lost, as on any connection.
    child.stdin.on("error", () => {});
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    return { input: child.stdin, output: child.stdout, closed, cut: () => void child.kill() };
  }

  /** Ends it; the kernel removes what was in it. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.keeper.once("exit", resolve));
    this.keeper.stdin.end();
    await ended;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** A real image registry on loopback, from Debian's docker-registry package. */
export class LocalRegistry {
  /** `HOST:PORT`, to put in front of image names. */
  readonly address: string;
  private readonly process: ChildProcess;
  private readonly directory: string;

  private constructor(address: string, process: ChildProcess, directory: string) {
    this.address = address;
    this.process = process;
    this.directory = directory;
  }

  /** Starts one on a free port; resolves when it accepts connections. */
  static async start(): Promise<LocalRegistry> {
    const directory = mkdtempSync(path.join(tmpdir(), "kata-registry-"));
    const port = await freePort();
    const storage = path.join(directory, "storage");
    mkdirSync(storage);
    const configuration = path.join(directory, "config.yml");
    writeFileSync(
      configuration,
      `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${storage}}, delete: {enabled: true}}\nhttp: {addr: 127.0.0.1:${port}}\n`,
    );
    const child = spawn("docker-registry", ["serve", configuration], { stdio: "ignore" });
    const registry = new LocalRegistry(`127.0.0.1:${port}`, child, directory);
    for (let tries = 0; tries < 1200; tries++) {
      if (await accepts(port)) return registry;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await registry.stop();
    throw new Error("docker-registry did not start");
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    if (this.process.exitCode === null) {
      this.process.kill("SIGKILL");
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("No port")),
      );
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

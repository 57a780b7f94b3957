import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const repository = path.resolve(import.meta.dirname, "../..");
export const kataCtl = path.join(repository, "out/bin/kata-ctl");

/** What a finished command said. `stdoutSha256` is over the raw bytes; `stdout` is cut after 1 MiB. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: number;
  readonly stdoutSha256: string;
  readonly milliseconds: number;
}

export interface RunOptions {
  readonly input?: string | Iterable<Uint8Array>;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Called with the child's pid once it runs. */
  readonly started?: (pid: number) => void;
}

const keptBytes = 1 << 20;
/** Against a hang; a machine that is slow and busy needs minutes for what takes seconds elsewhere. */
const defaultTimeoutMs = 180_000;

/** Runs a program to its end. A signal is reported as 128 + its number, as a shell does. Rejects on a timeout. */
export function runCommand(
  program: string,
  arguments_: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const startedAt = performance.now();
  const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
  const child = spawn(program, arguments_, { env: { ...inherited, ...options.env }, stdio: "pipe" });
  if (child.pid !== undefined) options.started?.(child.pid);
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  let stdoutBytes = 0;
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    if (stdoutBytes < keptBytes) kept.push(chunk);
    stdoutBytes += chunk.length;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    if (stderr.length < keptBytes) stderr += chunk.toString();
  });
  child.stdin.on("error", () => {
    // The program may end without reading its input.
  });
  void feed(child.stdin, options.input);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new Error(
          `${path.basename(program)} ${arguments_.join(" ")} took over ${options.timeoutMs ?? defaultTimeoutMs} ms\n${stderr}`,
        ),
      );
    }, options.timeoutMs ?? defaultTimeoutMs);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: code ?? 128 + signalNumber(signal),
        stdout: Buffer.concat(kept).subarray(0, keptBytes).toString(),
        stderr,
        stdoutBytes,
        stdoutSha256: hash.digest("hex"),
        milliseconds: performance.now() - startedAt,
      });
    });
  });
}

async function feed(stdin: NodeJS.WritableStream, input: RunOptions["input"]): Promise<void> {
  if (input === undefined || typeof input === "string") {
    stdin.end(input ?? "");
    return;
  }
  for (const chunk of input) {
    if (!stdin.write(chunk)) await new Promise((resolve) => stdin.once("drain", resolve));
  }
  stdin.end();
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal as "SIGINT" | "SIGKILL" | "SIGTERM"] ?? 0;
}

/** A kata-ctl with a root directory of its own, so that tests neither see nor disturb other containers. */
export class TestHost {
  readonly root: string;

  constructor() {
    this.root = mkdtempSync(path.join(tmpdir(), "kata-e2e-"));
  }

  /** Runs `kata-ctl` with this host's root. */
  ctl(arguments_: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return runCommand(kataCtl, ["--root", this.root, ...arguments_], options);
  }

  /** Like `ctl`, but a non-zero exit code throws with both streams. */
  async must(arguments_: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const result = await this.ctl(arguments_, options);
    if (result.code !== 0) {
      throw new Error(
        `kata-ctl ${arguments_.join(" ")} exited with ${result.code}\n${result.stdout}\n${result.stderr}`,
      );
    }
    return result;
  }

  /** Makes the demo image known to this host. */
  async loadDemoImage(): Promise<void> {
    await this.must(["pull", `oci-archive:${path.join(repository, "out/images/busybox.tar")}`, "--name", "busybox"]);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** `count` MiB of bytes that do not repeat soon, in 64 KiB pieces, and their SHA-256. */
export function testData(mebibytes: number): { readonly chunks: Iterable<Uint8Array>; readonly sha256: string } {
  const piece = new Uint8Array(65536);
  const fill = (index: number) => {
    const view = new DataView(piece.buffer);
    for (let offset = 0; offset < piece.length; offset += 4)
      view.setUint32(offset, Math.imul(offset + index, 2654435761));
    return piece;
  };
  const count = mebibytes * 16;
  const hash = createHash("sha256");
  for (let index = 0; index < count; index++) hash.update(fill(index));
  const chunks = {
    *[Symbol.iterator]() {
      for (let index = 0; index < count; index++) yield fill(index).slice();
    },
  };
  return { chunks, sha256: hash.digest("hex") };
}

import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Containerd } from "../../test/support/containerd.ts";
import { connectShim, inTurn, type Pair, type Peer, shimPrograms } from "./peers.ts";

/** Milliseconds from just before `SHIM start` is spawned: until its answer is complete, and until the first call is answered. */
export interface StartTimes {
  readonly started: Pair;
  readonly answered: Pair;
}

/** Starts shims without containers, as containerd does, and ends them again. */
export async function measureShimStarts(containerd: Containerd, rounds: number): Promise<StartTimes> {
  const directory = mkdtempSync("/tmp/bsh-");
  const answered = { kata: [] as number[], runc: [] as number[] };
  try {
    const started = await inTurn(rounds, async (peer, round) => {
      const one = await startOnce(containerd, path.join(directory, `${peer}-${round}`), peer);
      if (round > 0) answered[peer].push(one.answeredMs);
      return one.startedMs;
    });
    return { started, answered };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startOnce(containerd: Containerd, bundle: string, peer: Peer) {
  mkdirSync(path.join(bundle, "rootfs"), { recursive: true });
  writeFileSync(path.join(bundle, "config.json"), '{"ociVersion":"1.1.0","root":{"path":"rootfs"},"linux":{}}');
  // Open at both ends, it takes what the shim logs.
  execFileSync("mkfifo", [path.join(bundle, "log")]);
  const log = openSync(path.join(bundle, "log"), constants.O_RDWR | constants.O_NONBLOCK);
  const id = path.basename(bundle);
  const beganAt = performance.now();
  const address = await answerOf(
    shimPrograms[peer],
    ["-namespace", "bench", "-address", containerd.address, "-id", id, "-publish-binary", "/bin/true", "start"],
    { cwd: bundle, path: containerd.path, ttrpc: `${containerd.address}.ttrpc` },
  );
  const startedMs = performance.now() - beganAt;
  const { task, client } = await connectShim(address);
  // There is no such container, which both know at once.
  await task.state({ id, execId: "" }).catch(() => undefined);
  const answeredMs = performance.now() - beganAt;
  // runc's shim may be gone before its answer is out.
  await task.shutdown({ id, now: true }).catch(() => undefined);
  await client.closed;
  closeSync(log);
  return { startedMs, answeredMs };
}

/** containerd waits for the end of the outputs: a shim that kept them open would never be started. */
function answerOf(
  program: string,
  arguments_: readonly string[],
  options: { readonly cwd: string; readonly path: string; readonly ttrpc: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: options.path, TTRPC_ADDRESS: options.ttrpc, GOMAXPROCS: "4" };
    const child = spawn(program, arguments_, { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(stdout.trim());
      else reject(new Error(`${program} start exited with ${code}: ${stderr}`));
    });
  });
}

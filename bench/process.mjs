import { spawn } from "node:child_process";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");

// The certificate bundle of some hosts costs Node tens of milliseconds at each start: measured without.
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;

/**
 * Runs a program to its end. The clock: from just before spawn until its output is at an end and it was reaped.
 * @param {string} program
 * @param {string[]} arguments_
 * @param {{ allowFailure?: boolean, env?: Record<string, string> }} [options]
 * @returns {Promise<{ ms: number, code: number | null, stdout: string, stderr: string, stdoutBytes: number, firstByteMs: number }>}
 */
export function timed(program, arguments_, options = {}) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, arguments_, {
      env: { ...environment, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let stdoutBytes = 0;
    let firstByteMs = Number.NaN;
    child.stdout.on("data", (chunk) => {
      if (stdoutBytes === 0) firstByteMs = performance.now() - startedAt;
      stdoutBytes += chunk.length;
      if (stdout.length < 65536) stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      if (stderr.length < 65536) stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const ms = performance.now() - startedAt;
      if (code !== 0 && !options.allowFailure)
        reject(new Error(`${program} ${arguments_.join(" ")} exited with ${code}\n${stderr}`));
      else resolve({ ms, code, stdout, stderr, stdoutBytes, firstByteMs });
    });
  });
}

/**
 * Runs several commands in turn, A B A B ..., after one warm-up each, so that a drift of the machine hits all alike.
 * @template {string} Name
 * @param {number} rounds
 * @param {Record<Name, [string, string[]]>} commands
 * @returns {Promise<Record<Name, number[]>>} milliseconds
 */
export async function inTurn(rounds, commands) {
  const names = /** @type {Name[]} */ (Object.keys(commands));
  const results = /** @type {Record<Name, number[]>} */ (Object.fromEntries(names.map((name) => [name, []])));
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const { ms } = await timed(...commands[name]);
      if (round >= 0) results[name].push(ms);
    }
  }
  return results;
}

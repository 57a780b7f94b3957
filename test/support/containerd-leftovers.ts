import { existsSync, readdirSync, readFileSync } from "node:fs";
import { runCommand } from "./kata-ctl.ts";
import { run } from "./leak-check.ts";

/** Ends the shims that serve the containerd at `address`, of any runtime, by their own `delete`. */
export async function endShims(address: string, searchPath: string): Promise<void> {
  for (const shim of shimsOf(address)) {
    const flag = (name: string) => shim.argv[shim.argv.indexOf(name) + 1] ?? "";
    try {
      process.kill(shim.pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
    const [program = ""] = shim.argv;
    const flags = ["-namespace", flag("-namespace"), "-address", address, "-id", flag("-id"), "-bundle", shim.cwd];
    // What it cannot clean up shows in the leak check of the test.
    await runCommand(program, [...flags, "delete"], { env: { PATH: searchPath }, timeoutMs: 30_000 }).catch(() => {});
  }
}

interface Shim {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly cwd: string;
}

function shimsOf(address: string): Shim[] {
  const found: Shim[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      if (!/(^|\/)containerd-shim-/.test(argv[0] ?? "") || !argv.includes(address)) continue;
      found.push({ pid: Number(name), argv, cwd: run("readlink", `/proc/${name}/cwd`).trim() });
    } catch {
      // It ended while it was looked at.
    }
  }
  return found;
}

/** Unmounts everything at and below a directory, the last mounted first. */
export function unmountBelow(directory: string): void {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point === directory || point.startsWith(`${directory}/`));
  for (const point of points.reverse()) if (existsSync(point)) run("umount", "--lazy", point);
}

// Memory and threads of what stays while containers run.
import { readdirSync, readFileSync } from "node:fs";
import { root, timed } from "./process.mjs";

const kataCtl = `${root}/out/bin/kata-ctl`;

/**
 * Starts `count` idle containers and reads /proc of their shims and VMMs after two seconds. PSS in KiB.
 * @param {string[]} global
 * @param {number} count
 */
export async function measureMemory(global, count) {
  const names = Array.from({ length: count }, (_, index) => `bench-${index}`);
  try {
    for (const name of names)
      await timed(kataCtl, [...global, "run", "-d", "--name", name, "busybox", "sleep", "1000"]);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const pids = processes("containerd-shim-kata-v2");
    return {
      shimPss: pids.map((pid) => field(`/proc/${pid}/smaps_rollup`, "Pss")),
      shimRss: pids.map((pid) => field(`/proc/${pid}/status`, "VmRSS")),
      shimThreads: pids.map((pid) => field(`/proc/${pid}/status`, "Threads")),
    };
  } finally {
    for (const name of names) await timed(kataCtl, [...global, "rm", "-f", name], { allowFailure: true });
  }
}

/** @param {string} name */
function processes(name) {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]?.endsWith(name);
    } catch {
      return false;
    }
  });
}

/**
 * @param {string} file
 * @param {string} name
 */
function field(file, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(file, "utf8"))?.[1]);
}

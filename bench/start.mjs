// The start of a container, split by the shim's own log.
import { root, timed } from "./process.mjs";

const kataCtl = `${root}/out/bin/kata-ctl`;

/**
 * One cold `kata-ctl run busybox true`, then its log. All figures in milliseconds.
 * Clocks: `total` from spawn of kata-ctl to its end; `kernel` and `agent` are the guest's own monotonic clock.
 * @param {string[]} global flags such as --root
 */
export async function measureStart(global) {
  const { ms } = await timed(kataCtl, [...global, "run", "--rm", "busybox", "true"]);
  await timed(kataCtl, [...global, "run", "--name", "bench", "busybox", "true"]);
  const { stdout: log } = await timed(kataCtl, [...global, "logs", "--source", "shim", "bench"]);
  await timed(kataCtl, [...global, "rm", "bench"]);
  const at = (/** @type {string} */ message) => {
    const line = log.split("\n").find((text) => text.includes(`msg="${message}"`));
    const time = /time=(\S+)/.exec(line ?? "")?.[1];
    if (time === undefined) throw new Error(`The shim's log has no "${message}":\n${log}`);
    return Date.parse(time.replaceAll('"', ""));
  };
  const guest = (/** @type {string} */ field) => Number(new RegExp(`\\b${field}=(\\d+)`).exec(log)?.[1]);
  return {
    total: ms,
    vmm: at("vmm started") - at("shim serves"),
    config: Number(/\bload_ms=([\d.]+)/.exec(log)?.[1]),
    kernel: guest("kernel_ms"),
    agent: guest("agent_ms"),
    boot: at("agent answered") - at("vmm started"),
    container: at("container created") - at("agent answered"),
    workload: at("vmm exited") - at("container created"),
    teardown: at("shim ends") - at("vmm exited"),
  };
}

/**
 * Output that `dd` writes in the guest, and how fast they arrive. Clock: first byte to end of output.
 * @param {string[]} global
 * @param {number} mebibytes
 */
export async function measureOutput(global, mebibytes) {
  const { ms, firstByteMs, stdoutBytes } = await timed(kataCtl, [
    ...global,
    "run",
    "--rm",
    "busybox",
    "dd",
    "if=/dev/zero",
    "bs=1M",
    `count=${mebibytes}`,
  ]);
  return stdoutBytes / (1 << 20) / ((ms - firstByteMs) / 1000);
}

/**
 * Input that `dd` reads in the guest, and how fast it arrives, in MiB/s. Clock: the whole run, less one without input.
 * @param {string[]} global
 * @param {number} mebibytes
 */
export async function measureInput(global, mebibytes) {
  const run = (/** @type {number} */ count) => {
    const words = [kataCtl, ...global, "run", "--rm", "-i", "busybox", "dd", "of=/dev/null", "bs=64k"].map(
      (word) => `'${word}'`,
    );
    return timed("/bin/sh", ["-c", `head -c ${count * 2 ** 20} /dev/zero | ${words.join(" ")}`]);
  };
  const empty = await run(0);
  const full = await run(mebibytes);
  const [, whole, cut] = /^(\d+)\+(\d+) records in/m.exec(full.stderr) ?? [];
  if (Number(whole) + Number(cut) < mebibytes * 16) throw new Error(`The guest did not read all: ${full.stderr}`);
  return mebibytes / ((full.ms - empty.ms) / 1000);
}

/**
 * The agent's own resident memory in KiB, as it logs it once the guest is idle.
 * @param {string[]} global
 */
export async function measureAgentMemory(global) {
  await timed(kataCtl, [...global, "run", "--name", "bench", "busybox", "sleep", "3"]);
  const { stdout: log } = await timed(kataCtl, [...global, "logs", "--source", "shim", "bench"]);
  await timed(kataCtl, [...global, "rm", "bench"]);
  return Number(/\brss_kib=(\d+)/.exec(log)?.[1]);
}

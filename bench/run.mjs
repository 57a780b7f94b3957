#!/usr/bin/env node
// `make bench`: measures what the project promises and writes docs/performance.md. Nothing here is a test: the machine may be busy.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { inTurn, root, timed } from "./process.mjs";
import { measureShims } from "./shims.mjs";
import { measureAgentMemory, measureInput, measureOutput, measureStart } from "./start.mjs";
import { median, spread } from "./statistics.mjs";

const host = mkdtempSync(path.join(tmpdir(), "kata-bench-"));
const global = ["--root", host];
const kataCtl = `${root}/out/bin/kata-ctl`;
const shim = `${root}/out/bin/containerd-shim-kata-v2`;

/** @type {{ measure: string, value: string, budget: string, met: boolean | undefined }[]} */
const rows = [];

/**
 * @param {string} measure
 * @param {string} value as it is printed
 * @param {number} [figure]
 * @param {{ atMost?: number, atLeast?: number, unit: string }} [budget]
 */
function report(measure, value, figure, budget) {
  const { atMost, atLeast, unit = "" } = budget ?? { unit: "" };
  const met =
    figure === undefined || !budget ? undefined : figure <= (atMost ?? Infinity) && figure >= (atLeast ?? -Infinity);
  const limit = atMost !== undefined ? `<= ${atMost} ${unit}` : atLeast !== undefined ? `>= ${atLeast} ${unit}` : "";
  rows.push({ measure, value, budget: limit, met });
  console.error(`bench: ${measure}: ${value}${limit && `   (${limit}: ${met ? "met" : "missed"})`}`);
}

async function processStart() {
  const times = await inTurn(30, {
    shim: [shim, ["-version"]],
    ctl: [kataCtl, ["version"]],
    monitor: [`${root}/out/bin/kata-monitor`, ["--version"]],
    true: ["/bin/true", []],
    node: [process.execPath, ["-e", "0"]],
  });
  const of = (/** @type {keyof typeof times} */ name) => median(times[name]);
  report("start of the shim program, to its end", `${spread(times.shim)} ms`, of("shim") - of("true"), {
    atMost: 3,
    unit: "ms over /bin/true",
  });
  report("start of kata-ctl version, to its end", `${spread(times.ctl)} ms`);
  report("start of kata-monitor, to its end", `${spread(times.monitor)} ms`);
  report("peer: /bin/true", `${spread(times.true)} ms`);
  report("peer: node -e 0", `${spread(times.node)} ms`);
}

async function coldRun(rounds = 10) {
  await measureStart(global);
  const starts = [];
  for (let round = 0; round < rounds; round++) starts.push(await measureStart(global));
  const values = (/** @type {keyof typeof starts[0]} */ key) => starts.map((start) => start[key]);
  report("kata-ctl run --rm busybox true, cold", `${spread(values("total"), 0)} ms`, median(values("total")), {
    atMost: 2200,
    unit: "ms",
  });
  report("- shim up to VMM exec", `${spread(values("vmm"), 0)} ms`, median(values("vmm")), { atMost: 25, unit: "ms" });
  report(
    "-- of it loading and checking the configuration",
    `${spread(values("config"))} ms`,
    median(values("config")),
    {
      atMost: 3,
      unit: "ms",
    },
  );
  report("- VMM exec to the agent's first answer", `${spread(values("boot"), 0)} ms`);
  report("-- of it the kernel, to /init (guest clock)", `${spread(values("kernel"), 0)} ms`);
  report("-- of it the agent, to ready (guest clock)", `${spread(values("agent"), 0)} ms`, median(values("agent")), {
    atMost: 120,
    unit: "ms",
  });
  report("- container created (storages, crun create)", `${spread(values("container"), 0)} ms`);
  report("- start, run, exit, until the VMM is gone", `${spread(values("workload"), 0)} ms`);
  report("- teardown after that", `${spread(values("teardown"), 0)} ms`);
}

async function throughput() {
  const rates = [];
  for (let round = 0; round < 3; round++) rates.push(await measureOutput(global, 512));
  report("standard output from the guest, 512 MiB", `${spread(rates, 0)} MiB/s`, median(rates), {
    atLeast: 95.4,
    unit: "MiB/s (100 MB/s)",
  });
  const input = [];
  for (let round = 0; round < 3; round++) input.push(await measureInput(global, 256));
  report("standard input to the guest, 256 MiB", `${spread(input, 0)} MiB/s`);
}

async function agentMemory() {
  const agent = [];
  for (let round = 0; round < 3; round++) agent.push(await measureAgentMemory(global));
  report("agent RSS once settled", `${spread(agent, 0)} KiB`, median(agent), { atMost: 4096, unit: "KiB" });
}

/**
 * A row of kata's figures beside those of runc's shim, with the ratio of the medians.
 * @param {string} measure
 * @param {import("./shims/peers.ts").Pair} pair
 * @param {string} unit
 * @param {number} digits
 * @param {{ atMost?: number, atLeast?: number, unit: string }} [budget]
 */
function besideRunc(measure, { kata, runc }, unit, digits, budget) {
  const ratio = (median(kata) / median(runc)).toPrecision(2);
  const value = `${spread(kata, digits)} ${unit}; runc's ${spread(runc, digits)}; ratio ${ratio}`;
  report(measure, value, median(kata), budget);
}

async function shims(pods = 8) {
  const { starts, runs, memory, calls } = await measureShims({ pods });
  besideRunc("`start`, as containerd sees it", starts.started, "ms", 1, { atMost: 4, unit: "ms" });
  besideRunc("`start` and the first call answered", starts.answered, "ms", 1);
  besideRunc(`shim PSS, ${pods} pods`, memory.pss, "KiB", 0, { atMost: 2048, unit: "KiB" });
  besideRunc(`shim USS, ${pods} pods`, memory.uss, "KiB", 0);
  besideRunc(`shim RSS, ${pods} pods`, memory.rss, "KiB", 0);
  besideRunc("shim threads", memory.threads, "", 0, { atMost: 1, unit: "" });
  besideRunc("ctr run --rm busybox true", runs.total, "ms", 0);
  const plain = (/** @type {string} */ name, /** @type {readonly number[]} */ values, /** @type {number} */ atMost) =>
    report(name, `${spread(values, 0)} ms`, median(values), { atMost, unit: "ms" });
  plain("- ctr run to VMM exec", runs.toVmm, 25);
  plain("- start overhead around the kernel's boot", runs.aroundBoot, 80);
  besideRunc("exec of `true`: Exec, Start, Wait", calls.execMs, "ms", 0);
  plain("- beyond crun's own time in the guest", calls.beyondCrunMs, 30);
  besideRunc("Delete of a killed container, VM included", calls.deleteMs, "ms", 0, { atMost: 60, unit: "ms" });
  besideRunc("State, one after the other", calls.sequentialUs, "us", 0);
  besideRunc("State, 64 under way", calls.pipelined, "calls/s", 0, { atLeast: 20_000, unit: "calls/s" });
}

function sizes() {
  const size = (/** @type {string} */ name, /** @type {string} */ file, /** @type {number} */ megabytes) => {
    const value = statSync(path.join(root, file)).size / 1e6;
    report(`size of ${name}`, `${value.toFixed(2)} MB`, value, { atMost: megabytes, unit: "MB" });
  };
  size("the host program", "out/bin/kata-ctl", 4);
  size("the agent", "out/libexec/kata-agent", 3);
  size("the initrd, compressed", "out/guest/initrd.img", 6);
}

/** @param {string} text */
function firstLine(text) {
  return text.split("\n")[0] ?? "";
}

async function page() {
  const qemu = firstLine((await timed("qemu-system-x86_64", ["--version"])).stdout);
  const kernelRelease = /"release":\s*"([^"]+)"/.exec(readFileSync(`${root}/out/guest/manifest.json`, "utf8"))?.[1];
  const [cpu] = cpus();
  const accelerated = /\b(vmx|svm)\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
  const lines = [
    "# Performance",
    "",
    "Written by `make bench`. Medians, with the smallest and largest value in brackets; peers were measured in the same run, in turn.",
    "",
    `Machine: ${cpus().length} x ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}; ${qemu}; guest kernel ${kernelRelease ?? "as built"}; guests run under ${accelerated ? "KVM" : "TCG (no KVM on this machine)"}.`,
    "",
    "| measure | value | budget | |",
    "|---|---|---|---|",
    ...rows.map(
      ({ measure, value, budget, met }) =>
        `| ${measure} | ${value} | ${budget} | ${met === undefined ? "" : met ? "met" : "**missed**"} |`,
    ),
    "",
    "## Clocks",
    "",
    "- Process start: from just before spawn until the process was reaped and its output at an end, 30 rounds after a warm-up.",
    "- Cold run: the whole of `kata-ctl run --rm busybox true` as its caller sees it, 10 rounds. The split is of a second run in the same round, from the",
    "  shim's log (millisecond stamps); kernel and agent are the guest's monotonic clock, which starts with the kernel.",
    "- Standard output: from the first byte that arrives to the end of the output, 512 MiB of zeros from `dd bs=1M`, 3 rounds.",
    "- Standard input: from just before spawn of `kata-ctl run -i busybox dd of=/dev/null` until its end, less the same with no input, 3 rounds.",
    "- Rows with a second figure: containerd 1.6 of the bench's own with its `ctr`; runc's shim (containerd-shim-runc-v2 of the same package) did the same",
    "  job in turn, one after the other, on the same machine; the ratio is that of the medians.",
    "- `start`: from just before spawn of the shim's `start` until its outputs are at an end and it was reaped, 20 rounds; then a connection is made and State of",
    "  a container that does not exist is answered.",
    "- Memory: smaps_rollup of the shims of 8 idle containers, all running, 8 s after the last one started. USS: what no other process shares.",
    "- ctr run: as its caller sees it, 5 rounds. VMM exec: the shim's log line behind it, on the same wall clock. Overhead around the boot: shim serves until",
    "  the container is created, less VMM exec until the agent's first answer, plus the agent's own start (/init until ready, guest clock).",
    "- Calls: a ttrpc client in Node, connected to the shims beside containerd, 5 rounds (exec: 20) in turn. Beyond crun: less what `crun exec` took, by the",
    "  agent's log. Delete: the call alone, after Wait was answered, once.",
    "",
  ];
  writeFileSync(path.join(root, "docs/performance.md"), lines.join("\n"));
}

try {
  await timed(kataCtl, [...global, "pull", "--name", "busybox", `oci-archive:${root}/out/images/busybox.tar`]);
  sizes();
  await processStart();
  await coldRun();
  await throughput();
  await agentMemory();
  await shims();
  await page();
  console.error("bench: wrote docs/performance.md");
} finally {
  rmSync(host, { recursive: true, force: true });
}

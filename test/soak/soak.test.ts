import { execFileSync } from "node:child_process";
import { constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { ExecProcessRequest } from "../../src/wire/gen/containerd/task/v2/shim.ts";
import { type Figures, growth, idleFigures } from "../support/growth.ts";
import { expectNoLeaks, snapshotHost } from "../support/leak-check.ts";
import { processSpec, type RunningContainer, Stream } from "../support/shim-host.ts";
import { ShimPod } from "../support/shim-pod.ts";
import { useShimHost } from "../support/shim-test.ts";

/** 1 is the whole soak, which takes hours under emulation; 0.05 some minutes. */
const scale = Number(process.env.SOAK_SCALE ?? 1);
const times = (count: number) => Math.max(10, Math.round(count * scale));

/** How many samples are taken in a run. */
const SAMPLES = 50;
/**
 * Growth over a whole run, in KiB and descriptors, that is no leak: the engine gives memory back late. A leak of 100 bytes
 * for each of 10,000 execs would be near it. More fails when it is also more than what the figures' noise explains.
 */
const ALLOWED = { rssKib: 1024, pssKib: 1024, agentKib: 1024, descriptors: 0 };
const ERRORS = 3;

const { host, nextId } = useShimHost("soak");
const rows: string[] = [];
afterAll(() => {
  const head = ["run", "times", "seconds", "what", "first", "last", "growth", "error"].map(cell).join("");
  console.log([`soak, scale ${scale}`, head, ...rows].join("\n"));
});

type Sample = Figures & { readonly agentKib: number };

interface Run {
  readonly name: string;
  readonly pod: ShimPod;
  readonly count: number;
  /** How often before anything is measured: the first uses of everything fill caches. */
  readonly warmUp: number;
}

/** Calls `step` `count` times and checks that the shim and the agent of a sandbox do not grow meanwhile. */
async function soak({ name, pod, count, warmUp }: Run, step: (index: number) => Promise<unknown>): Promise<void> {
  const shim = host().shimPid(pod.id);
  const every = Math.max(1, Math.floor(count / SAMPLES));
  const samples: Sample[] = [];
  for (let index = 0; index < warmUp; index++) await step(index);
  const startedAt = Date.now();
  for (let index = 0; index < count; index++) {
    await step(warmUp + index);
    if (index % every !== every - 1) continue;
    samples.push(await idleFigures(shim, pod.id));
  }
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  const grown: Partial<Record<keyof Sample, number>> = {};
  for (const key of Object.keys(ALLOWED) as (keyof Sample)[]) {
    const series = samples.map((sample) => sample[key]);
    const { by, error } = growth(series);
    const figures = [series[0], series.at(-1), by.toFixed(1), error.toFixed(1)];
    rows.push([name, count, seconds, key, ...figures].map(cell).join(""));
    if (by > ALLOWED[key] && by > ERRORS * error) grown[key] = by;
  }
  expect(grown).toEqual({});
}

test("execs", async () => {
  const pod = await ShimPod.start(host(), nextId());
  const main = await pod.run("main", ["sleep", "100000000"]);
  await soak({ name: "execs", pod, count: times(10_000), warmUp: 100 }, async (index) => {
    expect(await main.exec(["echo", `${index}`])).toMatchObject({ code: 0, stdout: `${index}\n` });
  });
  await pod.end(main);
});

test("containers of a pod", async () => {
  const pod = await ShimPod.start(host(), nextId());
  await soak({ name: "containers", pod, count: times(200), warmUp: 20 }, async (index) => {
    const container = await pod.run(`c${index}`, ["echo", "x"]);
    expect(await pod.finish(container)).toEqual({ code: 0, stdout: "x\n" });
  });
  await pod.end();
});

test("output and input", async () => {
  const pod = await ShimPod.start(host(), nextId());
  const main = await pod.run("main", ["sleep", "100000000"]);
  const mebibytes = 16;
  const count = times((10 * 1024) / mebibytes / 2);
  await soak({ name: "stdio", pod, count, warmUp: 10 }, (index) => pipeThrough(main, `cat${index}`, mebibytes));
  await pod.end(main);
});

test("pods, one after the other and ten at once", async () => {
  const before = snapshotHost();
  const onePod = async () => {
    const pod = await ShimPod.start(host(), nextId());
    const container = await pod.run("one", ["echo", "x"]);
    expect(await pod.finish(container)).toEqual({ code: 0, stdout: "x\n" });
    await pod.end();
  };
  const startedAt = Date.now();
  const count = times(200);
  for (let index = 0; index < count; index++) await onePod();
  rows.push(["pods", count, Math.round((Date.now() - startedAt) / 1000)].map(cell).join(""));
  for (let round = 0; round < Math.ceil(count / 100); round++) await Promise.all(Array.from({ length: 10 }, onePod));
  await expectNoLeaks(before, { settleMs: 10_000 });
});

/** Sends as many bytes through `cat`. */
async function pipeThrough(container: RunningContainer, execId: string, mebibytes: number): Promise<void> {
  const { id, task, request } = container;
  const fifo = (name: string) => path.join(request.bundle, `${execId}-${name}`);
  const [stdin, stdout] = [fifo("stdin"), fifo("stdout")];
  execFileSync("mkfifo", [stdin, stdout]);
  const output = new Stream(stdout);
  const spec = { typeUrl: "process", value: Buffer.from(JSON.stringify(processSpec(["cat"]))) };
  await task.exec(ExecProcessRequest.create({ id, execId, stdin, stdout, spec }));
  await task.start({ id, execId });
  const input = new Socket({ fd: openSync(stdin, constants.O_WRONLY | constants.O_NONBLOCK), readable: false });
  const piece = Buffer.alloc(1 << 20, execId);
  for (let count = 0; count < mebibytes; count++) {
    if (!input.write(piece)) await new Promise((resolve) => input.once("drain", resolve));
  }
  input.end();
  await task.closeIO({ id, execId, stdin: true });
  expect((await task.wait({ id, execId })).exitStatus).toBe(0);
  await output.ended;
  expect(output.bytes).toBe(mebibytes << 20);
  await task.delete({ id, execId });
  for (const file of [stdin, stdout]) rmSync(file);
}

function cell(value: unknown): string {
  return `${value}`.padEnd(12);
}

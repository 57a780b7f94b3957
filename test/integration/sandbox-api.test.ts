import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packAny } from "../../src/wire/any.ts";
import { Metrics as MetricsV1 } from "../../src/wire/gen/cgroups/v1/metrics.ts";
import { Metrics as MetricsV2 } from "../../src/wire/gen/cgroups/v2/metrics.ts";
import { BootstrapParams, BootstrapResult } from "../../src/wire/gen/containerd/bootstrap/v1/bootstrap.ts";
import { CreateSandboxRequest } from "../../src/wire/gen/containerd/sandbox/v1/sandbox.ts";
import { ExecProcessRequest } from "../../src/wire/gen/containerd/task/v2/shim.ts";
import type { Envelope } from "../../src/wire/gen/containerd/types/event.ts";
import { Status } from "../../src/wire/gen/containerd/types/task/task.ts";
import { PodSandboxConfig } from "../../src/wire/gen/cri/v1/pod_sandbox.ts";
import { Options } from "../../src/wire/gen/runtimeoptions/v1/api.ts";
import { sandboxService } from "../../src/wire/services/sandbox.ts";
import { taskV3Service } from "../../src/wire/services/task.ts";
import { createClient } from "../../src/wire/ttrpc/create-client.ts";
import { alive, configuration, processSpec, Stream, shimProgram, until } from "../support/shim-host.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("sandbox-api");

/** The annotations by which containerd's CRI plugin tells a pod's containers. */
const cri = (type: string, pod: string) => ({
  annotations: { "io.kubernetes.cri.container-type": type, "io.kubernetes.cri.sandbox-id": pod },
});

test("the sandbox API and task API 3, as containerd 2.3 speaks them: a sandbox, a container in it, events, the end", async () => {
  const sandboxId = nextId();
  const options = packAny(Options, Options.create({ configPath: configuration }));
  const answer = host().startSandboxShim(
    sandboxId,
    BootstrapParams.encode(
      BootstrapParams.create({ instanceId: sandboxId, namespace: "test", extensions: [{ value: options }] }),
    ).finish(),
  );
  const result = BootstrapResult.decode(answer);
  expect(result).toMatchObject({ version: 3, protocol: "ttrpc", address: expect.stringMatching(/^unix:\/\/\//) });
  const { client } = await host().connect(result.address);
  const sandboxes = createClient(sandboxService, client);
  const task = createClient(taskV3Service, client);
  const events: Envelope[] = [];
  const following = (async () => {
    for await (const event of task.events({})) events.push(event);
  })();
  following.catch(() => {});

  await sandboxes.createSandbox(
    CreateSandboxRequest.create({
      sandboxId,
      bundlePath: host().bundle(sandboxId),
      options: packAny(
        PodSandboxConfig,
        PodSandboxConfig.create({ hostname: "pod-host", linux: { sysctls: { "kernel.msgmax": "7777" } } }),
      ),
    }),
  );
  const { pid } = await sandboxes.startSandbox({ sandboxId });
  expect(readFileSync(`/proc/${pid}/comm`, "utf8")).toMatch(/^qemu/);
  const status = await sandboxes.sandboxStatus({ sandboxId, verbose: true });
  expect(status).toMatchObject({ pid, state: "SANDBOX_READY", info: { vmmPid: String(pid) } });
  await sandboxes.pingSandbox({ sandboxId });
  expect(await sandboxes.platform({ sandboxId })).toMatchObject({ platform: { os: "linux" } });
  const { metrics } = await sandboxes.sandboxMetrics({ sandboxId });
  const type = metrics?.data?.typeUrl.includes("v1") ? MetricsV1 : MetricsV2;
  const { cpu } = type.decode(metrics?.data?.value ?? new Uint8Array(0));
  expect(JSON.stringify(cpu, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value))).toMatch(
    /"[1-9]\d{3,}"/,
  );

  const id = `${sandboxId}-one`;
  const request = host().makeBundle(id, {
    args: ["sh", "-c", "hostname; cat /proc/sys/kernel/msgmax; exit 3"],
    spec: { ...cri("container", sandboxId), hostname: "pod-host" },
  });
  const stdout = new Stream(request.stdout);
  await task.create(request);
  await task.start({ id, execId: "" });
  expect(await task.wait({ id, execId: "" })).toMatchObject({ exitStatus: 3 });
  await stdout.ended;
  expect(stdout.text).toBe("pod-host\n7777\n");
  await task.delete({ id, execId: "" });
  await task.shutdown({ id, now: false });
  await until(() => events.length >= 4, 30_000, "the events");
  expect(events.map(({ topic }) => topic)).toEqual(["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"]);
  expect(events.every(({ namespace }) => namespace === "test")).toBe(true);

  const waiting = sandboxes.waitSandbox({ sandboxId });
  await sandboxes.stopSandbox({ sandboxId, timeoutSecs: 60 });
  expect(await waiting).toMatchObject({ exitStatus: 0 });
  expect(alive(pid)).toBe(false);
  expect(await sandboxes.sandboxStatus({ sandboxId, verbose: false })).toMatchObject({ state: "SANDBOX_NOTREADY" });
  expect((await errorOf(sandboxes.pingSandbox({ sandboxId }))).code).toBe("failed-precondition");
  const shim = host().shimPid(sandboxId);
  await sandboxes.shutdownSandbox({ sandboxId });
  await client.closed;
  await until(() => !alive(shim), 30_000, "the shim's end");
  expect(existsSync(result.address.slice("unix://".length))).toBe(false);
});

test.each([
  ["stays open without a word", "pipe"],
  ["is /dev/null", "ignore"],
  ["has its end at once", "end"],
  ["is noise", "noise"],
])("start does not mind a standard input that %s", async (_what, kind) => {
  const id = nextId();
  host().makeBundle(id, { args: ["true"] });
  const child = spawn(shimProgram, ["-namespace", "test", "-address", host().dir, "-id", id, "start"], {
    cwd: host().bundle(id),
    stdio: [kind === "ignore" ? "ignore" : "pipe", "pipe", "inherit"],
  });
  let answer = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  if (kind === "end") child.stdin?.end();
  if (kind === "noise") child.stdin?.end("what is this?");
  const [code] = await once(child, "close");
  child.stdin?.destroy();
  expect(code).toBe(0);
  expect(answer).toBe(`unix://${host().socketOf(id)}`);
  const { client } = await host().connect(answer);
  host().deleteShim(id);
  await client.closed;
});

test("a pod of tasks: its own container is a task without a process, the others join it", async () => {
  const pod = nextId();
  const sysctl = { "kernel.shmmni": "123" };
  const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
  const sandbox = await host().run(pod, {
    args: ["/pause"],
    spec: { ...cri("sandbox", pod), linux: { namespaces, sysctl } },
  });
  const { task } = sandbox;
  expect(await task.state({ id: pod, execId: "" })).toMatchObject({ status: Status.RUNNING, pid: sandbox.pid });
  expect((await task.pids({ id: pod })).processes).toMatchObject([{ pid: sandbox.pid }]);
  expect((await task.stats({ id: pod })).stats?.value.length).toBeGreaterThan(10);
  const spec = { typeUrl: "p", value: Buffer.from(JSON.stringify(processSpec(["true"]))) };
  const refused = await errorOf(task.exec(ExecProcessRequest.create({ id: pod, execId: "x1", spec })));
  expect(refused).toMatchObject({ code: "failed-precondition", hint: "Name one of the pod's workload containers" });
  expect((await errorOf(task.pause({ id: pod }))).code).toBe("failed-precondition");

  for (const name of ["one", "two"]) {
    const id = `${pod}-${name}`;
    const request = host().makeBundle(id, {
      args: ["sh", "-c", "cat /proc/sys/kernel/shmmni; echo $$"],
      spec: cri("container", pod),
    });
    expect(host().startShim(id)).toBe(readFileSync(path.join(host().bundle(pod), "address"), "utf8"));
    const stdout = new Stream(request.stdout);
    await task.create(request);
    await task.start({ id, execId: "" });
    expect(await task.wait({ id, execId: "" })).toMatchObject({ exitStatus: 0 });
    await stdout.ended;
    expect(stdout.text).toBe("123\n1\n");
    await task.delete({ id, execId: "" });
    execFileSync("rm", ["-rf", host().bundle(id)]);
  }

  const end = sandbox.wait();
  await task.kill({ id: pod, execId: "", signal: 10, all: false });
  await task.kill({ id: pod, execId: "", signal: 15, all: false });
  expect(await end).toBe(143);
  await until(() => !alive(sandbox.pid), 30_000, "the VMM's end");
  await task.delete({ id: pod, execId: "" });
  await task.shutdown({ id: pod, now: false });
  await sandbox.client.closed;
});

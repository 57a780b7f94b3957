import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { causeChain } from "../../src/base/error.ts";
import { Metrics as MetricsV1 } from "../../src/wire/gen/cgroups/v1/metrics.ts";
import { Metrics as MetricsV2 } from "../../src/wire/gen/cgroups/v2/metrics.ts";
import { ExecProcessRequest } from "../../src/wire/gen/containerd/task/v2/shim.ts";
import { Status } from "../../src/wire/gen/containerd/types/task/task.ts";
import { alive, processSpec, Stream, until } from "../support/shim-host.ts";
import { errorOf, useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("shim-test");

/** What a server on a unix socket answers. */
function httpGet(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    request.on("error", reject);
  });
}

const bigintText = (_key: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);

describe("a container", () => {
  test("runs from create to shutdown; its streams and exit code arrive, its VM's logs stay", async () => {
    const id = nextId();
    const container = await host().run(id, {
      args: ["sh", "-c", "uname -r; echo problem >&2; hostname; exit 42"],
    });
    expect(container.pid).toBeGreaterThan(1);
    expect(await container.wait()).toBe(42);
    await Promise.all([container.stdout?.ended, container.stderr?.ended]);
    const [kernel, hostname] = (container.stdout?.text ?? "").split("\n");
    expect(kernel).not.toBe(execFileSync("uname", ["-r"], { encoding: "utf8" }).trim());
    expect(hostname).toBe(id);
    expect(container.stderr?.text).toBe("problem\n");
    const state = await container.task.state({ id, execId: "" });
    expect(state).toMatchObject({ status: Status.STOPPED, exitStatus: 42, pid: container.pid });
    await until(() => !alive(container.pid), 60_000, "the VMM's end");
    expect(await container.task.delete({ id, execId: "" })).toMatchObject({ exitStatus: 42 });
    const shim = host().shimPid(id);
    await container.task.shutdown({ id, now: false });
    await container.client.closed;
    await until(() => !alive(shim), 60_000, "the shim's end");
    for (const name of ["console.log", "vmm.log"]) expect(existsSync(path.join(host().bundle(id), name))).toBe(true);
    expect(readFileSync(path.join(host().bundle(id), "address"), "utf8")).toMatch(/^unix:\/\/\/run\/containerd\/s\//);
  });

  test("execs, signals, statistics, pause and resume", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sleep", "1000"] });
    const { task } = container;
    expect(await container.exec(["sh", "-c", "echo out; echo err >&2; exit 3"])).toEqual({
      code: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await container.exec(["cat"])).toMatchObject({ code: 0, stdout: "" });
    expect(await container.exec(["pwd"], { cwd: "/tmp" })).toMatchObject({ stdout: "/tmp\n" });
    const missing = await errorOf(container.exec(["/no/such/program"]));
    expect(missing.stage).toBe("exec");
    expect(causeChain(missing).join(": ")).toMatch(/no such file|not found/i);
    const notAllowed = await errorOf(container.exec(["/etc/not-executable"]));
    expect(causeChain(notAllowed).join(": ")).toMatch(/permission denied/i);

    const execId = "killed";
    const value = Buffer.from(JSON.stringify(processSpec(["sleep", "1000"])));
    await task.exec(ExecProcessRequest.create({ id, execId, spec: { typeUrl: "p", value } }));
    await task.start({ id, execId });
    await task.kill({ id, execId, signal: 15, all: false });
    expect(await container.wait(execId)).toBe(143);
    await task.delete({ id, execId });

    const { stats } = await task.stats({ id });
    expect(stats?.typeUrl).toMatch(/^io\.containerd\.cgroups\.v[12]\.Metrics$/);
    expect(stats?.value.length).toBeGreaterThan(20);
    await task.pause({ id });
    expect((await task.state({ id, execId: "" })).status).toBe(Status.PAUSED);
    await task.resume({ id });
    expect(await container.exec(["true"])).toMatchObject({ code: 0 });
    const resources = Buffer.from('{"memory":{"limit":67108864}}');
    await task.update({ id, resources: { typeUrl: "r", value: resources }, annotations: {} });
    const changed = (await task.stats({ id })).stats;
    const metrics = changed?.typeUrl.includes("v1") ? MetricsV1 : MetricsV2;
    expect(JSON.stringify(metrics.decode(changed?.value ?? new Uint8Array(0)), bigintText)).toContain('"67108864"');
    expect((await task.pids({ id })).processes).toMatchObject([{ pid: container.pid }]);
    const monitor = `/run/vc/sbs/${id}/shim-monitor.sock`;
    expect(await httpGet(monitor, "/agent-url")).toMatch(/^(unix|vsock|hvsock):\/\//);
    const scraped = await httpGet(monitor, "/metrics");
    for (const metric of [/^kata_shim_threads 1$/m, /^kata_hypervisor_fds \d+$/m, /^kata_guest_meminfo/m]) {
      expect(scraped).toMatch(metric);
    }
    expect(await task.connect({ id })).toMatchObject({ taskPid: container.pid, shimPid: host().shimPid(id) });

    // An exec that runs when the container ends gets its own end.
    await task.exec(ExecProcessRequest.create({ id, execId: "orphan", spec: { typeUrl: "p", value } }));
    await task.start({ id, execId: "orphan" });
    const ends = [container.wait(), container.wait("orphan")];
    await task.kill({ id, execId: "", signal: 9, all: true });
    expect(await Promise.all(ends)).toEqual([137, 137]);
    await container.end();
  });

  test("a terminal: size, echo, Ctrl-C", async () => {
    const id = nextId();
    const container = await host().prepare(id, { args: ["sh"], terminal: true, stdin: true });
    await container.create();
    await container.task.resizePty({ id, execId: "", width: 123, height: 45 });
    await container.task.start({ id, execId: "" });
    await container.write("stty size\n");
    await until(() => container.stdout?.text.includes("45 123") ?? false, 60_000, "the size");
    await container.task.resizePty({ id, execId: "", width: 80, height: 24 });
    await container.write("stty size\n");
    await until(() => container.stdout?.text.includes("24 80") ?? false, 60_000, "the new size");
    await container.write("sh -c \"echo sta''rted; exec sleep 1000\"\n");
    await until(() => container.stdout?.text.includes("started") ?? false, 60_000, "the program to interrupt");
    await container.write("\x03");
    await container.write("exit 5\n");
    expect(await container.wait()).toBe(5);
    await container.end();
  });

  test("much input and output: nothing is lost, a slow reader is waited for", async () => {
    const id = nextId();
    const container = await host().run(id, { args: ["sha256sum"], stdin: true });
    const piece = Buffer.alloc(1 << 20);
    for (let i = 0; i < piece.length; i += 4) piece.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
    const hash = createHash("sha256");
    const started = performance.now();
    for (let i = 0; i < 32; i++) {
      piece[0] = i;
      hash.update(piece);
      await container.write(piece);
    }
    await container.closeInput();
    expect(await container.wait()).toBe(0);
    await container.stdout?.ended;
    expect(container.stdout?.text).toBe(`${hash.digest("hex")}  -\n`);
    console.log(`32 MiB of input: ${Math.round(performance.now() - started)} ms`);
    await container.end();
  });

  test("volumes: files and directories, read-only holds on the host too", async () => {
    const id = nextId();
    const data = path.join(host().dir, "data");
    mkdirSync(path.join(data, "inner"), { recursive: true });
    writeFileSync(path.join(data, "file"), "from the host\n");
    writeFileSync(path.join(host().dir, "single"), "single file\n");
    const bind = (source: string, destination: string, options: string[]) => ({
      destination,
      type: "bind",
      source,
      options,
    });
    const container = await host().run(id, {
      args: [
        "sh",
        "-c",
        "cat /data/file /single; echo from the guest > /data/inner/new; touch /ro/x || echo refused; ls /proc/1/root/ro",
      ],
      spec: {
        mounts: [
          bind(data, "/data", ["rbind", "rw"]),
          bind(data, "/ro", ["rbind", "ro"]),
          bind(path.join(host().dir, "single"), "/single", ["bind", "ro"]),
        ],
      },
    });
    const share = `/run/kata-containers/shared/sandboxes/${id}`;
    const mounts = readFileSync(`/proc/${host().shimPid(id)}/mountinfo`, "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .filter((fields) => fields[4]?.startsWith(`${share}/shared/${id}-`));
    expect(mounts.filter((fields) => fields[4]?.endsWith("-ro")).every((fields) => fields[5]?.startsWith("ro"))).toBe(
      true,
    );
    expect(mounts.some((fields) => fields[4]?.endsWith("-data") && fields[5]?.startsWith("rw"))).toBe(true);
    // No mount of the sandbox is visible outside of the shim's namespace.
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(id);
    expect(await container.wait()).toBe(0);
    await Promise.all([container.stdout?.ended, container.stderr?.ended]);
    expect(container.stdout?.text).toBe("from the host\nsingle file\nrefused\nfile\ninner\n");
    expect(readFileSync(path.join(data, "inner/new"), "utf8")).toBe("from the guest\n");
    await container.end();
  });

  test("output to a file and to a log program", async () => {
    const id = nextId();
    const file = path.join(host().dir, "logs/out.log");
    const first = await host().run(id, { args: ["echo", "to a file"], stdout: `file://${file}` });
    expect(await first.wait()).toBe(0);
    expect(readFileSync(file, "utf8")).toBe("to a file\n");
    await first.end();

    const program = path.join(host().dir, "logger");
    writeFileSync(
      program,
      `#!/bin/sh\nexec 5>&-\n{ echo "$1=$2 $CONTAINER_ID"; cat <&3; } > ${host().dir}/seen.tmp\nmv ${host().dir}/seen.tmp ${host().dir}/seen\n`,
      { mode: 0o755 },
    );
    const other = nextId();
    const second = await host().run(other, { args: ["echo", "to a program"], stdout: `binary://${program}?key=value` });
    expect(await second.wait()).toBe(0);
    await until(() => existsSync(`${host().dir}/seen`), 60_000, "the log program's file");
    expect(readFileSync(`${host().dir}/seen`, "utf8")).toBe(`key=value ${other}\nto a program\n`);
    await second.end();
  });
});

test("a pod: containers share names and memory, come and go, and go with the sandbox", async () => {
  const pod = nextId();
  const annotations = (type: string) => ({
    annotations: { "io.kubernetes.cri.container-type": type, "io.kubernetes.cri.sandbox-id": pod },
  });
  const sandbox = await host().run(pod, { args: ["sleep", "1000"], spec: annotations("sandbox") });
  const one = `${pod}-one`;
  const inPod = async (id: string, args: string[]) => {
    const request = host().makeBundle(id, { args, spec: { ...annotations("container"), hostname: pod } });
    expect(host().startShim(id)).toBe(readFileSync(path.join(host().bundle(pod), "address"), "utf8"));
    const stdout = new Stream(request.stdout);
    await sandbox.task.create(request);
    await sandbox.task.start({ id, execId: "" });
    return stdout;
  };
  for (let round = 0; round < 2; round++) {
    const stdout = await inPod(one, ["sh", "-c", `hostname; exit ${round}`]);
    expect((await sandbox.task.wait({ id: one, execId: "" })).exitStatus).toBe(round);
    await stdout.ended;
    expect(stdout.text).toBe(`${pod}\n`);
    await sandbox.task.delete({ id: one, execId: "" });
    execFileSync("rm", ["-rf", host().bundle(one)]);
  }
  await inPod(`${pod}-two`, ["sleep", "1000"]);
  const end = sandbox.task.wait({ id: `${pod}-two`, execId: "" });
  await sandbox.task.kill({ id: pod, execId: "", signal: 9, all: true });
  expect((await end).exitStatus).toBe(137);
  await sandbox.task.delete({ id: `${pod}-two`, execId: "" });
  await sandbox.end();
});

import { describe, expect, test } from "vitest";
import { utf8Encode } from "../base/bytes.ts";
import { packAny } from "../wire/any.ts";
import { Metrics } from "../wire/gen/cgroups/v2/metrics.ts";
import { CreateSandboxRequest } from "../wire/gen/containerd/sandbox/v1/sandbox.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";
import { NamespaceMode, PodSandboxConfig } from "../wire/gen/cri/v1/pod_sandbox.ts";
import { Options } from "../wire/gen/runtimeoptions/v1/api.ts";
import { FakeShim, minimalSpec } from "./testing/fake-shim.ts";

const pod = { sandboxId: "pod" };
const workload = {
  ...minimalSpec,
  annotations: { "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "pod" },
};

/** A request for a sandbox whose bundle has a config.json, unless `spec` is undefined. */
function request(shim: FakeShim, spec: object | undefined, more: Partial<CreateSandboxRequest> = {}) {
  shim.sys.fake.addDirectory("/bundles/pod");
  if (spec !== undefined) shim.sys.fake.addFile("/bundles/pod/config.json", JSON.stringify(spec));
  const options = packAny(Options, Options.create({ configPath: "/etc/kata.toml" }));
  return CreateSandboxRequest.create({ ...pod, bundlePath: "/bundles/pod", options, ...more });
}

async function started(spec: object | undefined = { ociVersion: "1.1.0" }, failpoint = ""): Promise<FakeShim> {
  const shim = new FakeShim(failpoint);
  await shim.run(shim.sandboxes.createSandbox(request(shim, spec)));
  await shim.run(shim.sandboxes.startSandbox(pod));
  return shim;
}

describe("a sandbox without a container", () => {
  test("is created, started, asked, stopped, waited for and shut down", async () => {
    const shim = new FakeShim();
    const { sandboxes } = shim;
    await shim.run(sandboxes.createSandbox(request(shim, { ociVersion: "1.1.0", hostname: "host" })));
    expect(shim.leftovers()).toEqual([]);
    expect(sandboxes.sandboxStatus({ ...pod, verbose: false })).toMatchObject({ state: "SANDBOX_NOTREADY", pid: 0 });
    const { pid, createdAt } = await shim.run(sandboxes.startSandbox(pod));
    expect(pid).toBe(shim.backends.vmPid);
    expect(shim.guest.sandboxes[0]).toMatchObject({ sandboxId: "pod", hostname: "host" });
    expect(shim.guest.created).toEqual([]);
    expect(sandboxes.sandboxStatus({ ...pod, verbose: false })).toEqual({
      ...pod,
      pid,
      state: "SANDBOX_READY",
      info: {},
      createdAt,
      exitedAt: undefined,
      extra: undefined,
    });
    expect(sandboxes.sandboxStatus({ ...pod, verbose: true }).info).toMatchObject({
      vmmPid: String(pid),
      agentUrl: "unix:///agent.sock",
    });
    expect(sandboxes.platform(pod)).toMatchObject({ platform: { os: "linux", architecture: "amd64" } });
    expect(sandboxes.pingSandbox(pod)).toEqual({});
    // A containerd that was restarted looks by this whether the shim lives.
    expect(shim.service.connect({ id: "pod" })).toMatchObject({ taskPid: pid });
    const { metrics } = await shim.run(sandboxes.sandboxMetrics(pod));
    expect(metrics).toMatchObject({ id: "pod", data: { typeUrl: "io.containerd.cgroups.v2.Metrics" } });
    expect(Metrics.decode(metrics?.data?.value ?? new Uint8Array(0)).memory?.usage).toBe(2n * 3120n * 1024n);
    // The shim stays for its sandbox, whatever becomes of tasks.
    const context = shim.context();
    shim.service.shutdown({ id: "x", now: false }, context);
    context.finish();
    expect(shim.shutdowns).toBe(0);
    const waiting = sandboxes.waitSandbox(pod);
    await shim.run(sandboxes.stopSandbox({ ...pod, timeoutSecs: 10 }));
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 0 });
    expect(shim.leftovers()).toEqual([]);
    expect(sandboxes.sandboxStatus({ ...pod, verbose: false })).toMatchObject({
      state: "SANDBOX_NOTREADY",
      createdAt,
      exitedAt: expect.anything(),
    });
    expect(() => sandboxes.pingSandbox(pod)).toThrow(expect.objectContaining({ code: "failed-precondition" }));
    await shim.run(sandboxes.stopSandbox({ ...pod, timeoutSecs: 0 }));
    await shim.run(sandboxes.shutdownSandbox(pod, context));
    context.finish();
    expect(shim.shutdowns).toBe(1);
  });

  test("takes containers, by their annotations or without any, and ends them with itself", async () => {
    const shim = await started();
    await shim.started("one", workload);
    await shim.started("plain");
    expect(shim.guest.created.map(({ containerId }) => containerId)).toEqual(["one", "plain"]);
    expect(shim.backends.stopped).toBe(0);
    shim.guest.process("one").exit(3);
    expect(await shim.run(shim.service.wait({ id: "one", execId: "" }))).toMatchObject({ exitStatus: 3 });
    await shim.run(shim.service.delete({ id: "one", execId: "" }));
    expect(shim.sandboxes.sandboxStatus({ ...pod, verbose: false }).state).toBe("SANDBOX_READY");
    const waiting = shim.service.wait({ id: "plain", execId: "" });
    await shim.run(shim.sandboxes.stopSandbox({ ...pod, timeoutSecs: 0 }));
    expect(await shim.run(waiting)).toMatchObject({ exitStatus: 137 });
    await shim.run(shim.service.delete({ id: "plain", execId: "" }));
    expect(shim.leftovers()).toEqual([]);
  });

  test("that loses its VM tells everybody", async () => {
    const shim = await started();
    await shim.started("one", workload);
    expect(shim.tasks.busy).toBe(true);
    const waits = [shim.sandboxes.waitSandbox(pod), shim.service.wait({ id: "one", execId: "" })];
    shim.backends.killVm();
    for (const wait of waits) expect(await shim.run(wait)).toMatchObject({ exitStatus: 137 });
    expect(shim.service.state({ id: "one", execId: "" }).status).toBe(Status.STOPPED);
    const { state, info } = shim.sandboxes.sandboxStatus({ ...pod, verbose: true });
    expect(state).toBe("SANDBOX_NOTREADY");
    await shim.run(shim.service.delete({ id: "one", execId: "" }));
    // An abandoned shim may end by itself; one whose containerd has not asked for the sandbox's end stays for it.
    expect(shim.tasks).toMatchObject({ busy: false, inUse: true });
    expect(info.failure).toMatch(/killed by SIGKILL|signal 9/);
    expect(shim.leftovers()).toEqual([]);
  });

  test("whose start fails leaves nothing and can be shut down", async () => {
    const shim = new FakeShim("agent-connected=error");
    await shim.run(shim.sandboxes.createSandbox(request(shim, undefined)));
    await expect(shim.run(shim.sandboxes.startSandbox(pod))).rejects.toMatchObject({ code: "internal" });
    expect(shim.leftovers()).toEqual([]);
    expect(await shim.run(shim.sandboxes.waitSandbox(pod))).toMatchObject({ exitStatus: 137 });
    await shim.run(shim.sandboxes.shutdownSandbox(pod, shim.context()));
  });
});

describe("the facts of a sandbox", () => {
  test("come from the pod's configuration when the bundle has no config.json", async () => {
    const shim = new FakeShim();
    const config = PodSandboxConfig.create({
      hostname: "web-0",
      dnsConfig: { servers: ["10.0.0.1", "10.0.0.2"], searches: ["a.local", "b.local"], options: ["ndots:5"] },
      annotations: { "io.kubernetes.cri.sandbox-memory": "1073741824" },
      linux: {
        sysctls: { "net.core.somaxconn": "99" },
        securityContext: { namespaceOptions: { pid: NamespaceMode.POD } },
        resources: { cpuPeriod: 100_000n, cpuQuota: 200_000n, memoryLimitInBytes: 128n * 1024n * 1024n },
      },
    });
    const options = packAny(PodSandboxConfig, config);
    await shim.run(
      shim.sandboxes.createSandbox(request(shim, undefined, { options, netnsPath: "/var/run/netns/cni-1" })),
    );
    await shim.run(shim.sandboxes.startSandbox(pod));
    expect(shim.backends.vmSpec).toMatchObject({ netns: "/var/run/netns/cni-1", memoryMib: 256 + 128 });
    expect(shim.guest.sandboxes[0]).toMatchObject({
      hostname: "web-0",
      dns: ["nameserver 10.0.0.1", "nameserver 10.0.0.2", "search a.local b.local", "options ndots:5"],
      sandboxPidns: true,
    });
    await shim.started("one", workload);
    expect({ ...shim.guest.created[0]?.OCI?.Linux?.Sysctl }).toEqual({ "net.core.somaxconn": "99" });
  });

  test("hooks in config.json are not run, and the log says so", async () => {
    const shim = await started({ ociVersion: "1.1.0", hooks: { prestart: [{ path: "/hooks/x" }] } });
    expect(shim.backends.hooks).toEqual([]);
    expect(shim.records.filter(({ message }) => message.includes("hooks")).length).toBe(1);
  });

  test.each([
    [{ sandboxId: "../x" }, "invalid-argument", "sandbox_id"],
    [{ bundlePath: "bundles/pod" }, "invalid-argument", "bundle_path"],
    [{ bundlePath: "/bundles/../etc" }, "invalid-argument", "bundle_path"],
    [{ options: packAny(Options, Options.create({ configPath: "/none.toml" })) }, "not-found", undefined],
    [
      { options: packAny(Options, Options.create({ configBody: utf8Encode("[hypervisor.qemu]") })) },
      "unimplemented",
      "options.config_body",
    ],
    [
      { options: packAny(PodSandboxConfig, PodSandboxConfig.create({ hostname: "a b" })) },
      "invalid-argument",
      "options.hostname",
    ],
    [
      { options: { typeUrl: "runtime.v1.PodSandboxConfig", value: new Uint8Array([255]) } },
      "invalid-argument",
      undefined,
    ],
  ])("are checked: %j", async (more, code, field) => {
    const shim = new FakeShim();
    await expect(shim.run(shim.sandboxes.createSandbox(request(shim, undefined, more)))).rejects.toMatchObject({
      code,
      ...(field === undefined ? {} : { field }),
    });
    expect(shim.leftovers()).toEqual([]);
    // Nothing is held: the next request may be right.
    await shim.run(shim.sandboxes.createSandbox(request(shim, undefined)));
  });
});

describe("requests in the wrong state", () => {
  test.each([
    ["start", (shim: FakeShim) => shim.sandboxes.startSandbox({ sandboxId: "other" })],
    ["platform", (shim: FakeShim) => shim.sandboxes.platform({ sandboxId: "other" })],
    ["stop", (shim: FakeShim) => shim.sandboxes.stopSandbox({ sandboxId: "other", timeoutSecs: 0 })],
    ["wait", (shim: FakeShim) => shim.sandboxes.waitSandbox({ sandboxId: "other" })],
    ["status", (shim: FakeShim) => shim.sandboxes.sandboxStatus({ sandboxId: "other", verbose: false })],
    ["ping", (shim: FakeShim) => shim.sandboxes.pingSandbox({ sandboxId: "other" })],
    ["metrics", (shim: FakeShim) => shim.sandboxes.sandboxMetrics({ sandboxId: "other" })],
  ])("%s of what is not there is not-found", async (_name, call) => {
    const none = new FakeShim();
    const other = await started();
    for (const shim of [none, other]) {
      await expect(shim.run((async () => call(shim))())).rejects.toMatchObject({ code: "not-found" });
    }
  });

  test("create twice, start twice, a sandbox container beside a sandbox", async () => {
    const shim = await started();
    await expect(shim.run(shim.sandboxes.createSandbox(request(shim, undefined)))).rejects.toMatchObject({
      code: "already-exists",
    });
    await expect(shim.run(shim.sandboxes.startSandbox(pod))).rejects.toThrow(
      "must be created to be started, it is ready",
    );
    const spec = { ...minimalSpec, annotations: { "io.kubernetes.cri.container-type": "sandbox" } };
    await expect(shim.run(shim.service.create(shim.bundle("two", spec)))).rejects.toMatchObject({
      code: "failed-precondition",
    });
    const tasks = new FakeShim();
    await tasks.started("web");
    await expect(tasks.run(tasks.sandboxes.createSandbox(request(tasks, undefined)))).rejects.toMatchObject({
      code: "already-exists",
    });
  });

  test.each([
    ...["state-claimed", "record-written", "share-prepared", "share-fs-before-start", "share-fs-started"],
    ...["network-joined", "vmm-before-start", "vmm-started", "agent-connected", "guest-prepared"],
  ])("a stop while the start is at %s, quick or not, leaves nothing", async (point) => {
    for (const ms of [500, 5000]) {
      const shim = new FakeShim(`${point}=delay:${ms}`);
      await shim.run(shim.sandboxes.createSandbox(request(shim, undefined)));
      const starting = shim.sandboxes.startSandbox(pod).catch((error: Error) => error);
      await shim.loop.advance(200);
      await shim.run(shim.sandboxes.stopSandbox({ ...pod, timeoutSecs: 2 }));
      expect(await shim.run(starting)).toBeInstanceOf(Error);
      await shim.loop.advance(1000);
      expect(shim.leftovers()).toEqual([]);
    }
  });

  test("a stop before the start, and one that takes too long", async () => {
    const shim = new FakeShim();
    await shim.run(shim.sandboxes.createSandbox(request(shim, undefined)));
    await shim.run(shim.sandboxes.stopSandbox({ ...pod, timeoutSecs: 0 }));
    await expect(shim.run(shim.sandboxes.startSandbox(pod))).rejects.toThrow("it is stopped");
    const slow = await started(undefined, "stop-before-vmm=delay:5000");
    await expect(slow.run(slow.sandboxes.stopSandbox({ ...pod, timeoutSecs: 1 }))).rejects.toMatchObject({
      code: "deadline-exceeded",
    });
    expect(await slow.run(slow.sandboxes.waitSandbox(pod))).toMatchObject({ exitStatus: 0 });
  });
});

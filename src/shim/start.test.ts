import { describe, expect, test } from "vitest";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { parseShimArgs, type ShimArgs } from "./args.ts";
import { shimSocketPath } from "./shim-socket.ts";
import { startShim as startWith } from "./start.ts";
import { noInput, type StartInput } from "./start-input.ts";

const warnings: string[] = [];
const startShim = (sys: FakeSys, shimArgs: ShimArgs, input: Partial<StartInput> = {}) =>
  startWith(sys, shimArgs, {
    input: { ...noInput, ...input },
    warn: (message) => warnings.push(message),
  });

const args = parseShimArgs(["-namespace", "n", "-address", "/c.sock", "-id", "web", "-bundle", "/b", "start"]);
const path = shimSocketPath({ address: "/c.sock", namespace: "n", sandboxId: "web" });

function system(annotations: object = {}): FakeSys {
  const sys = createFakeSys();
  sys.fake.addFile("/b/config.json", JSON.stringify({ annotations }));
  sys.fake.addFile("/opt/bin/kata-ctl");
  sys.fake.addFile("/opt/bin/containerd-shim-kata-v2");
  sys.fake.addDirectory("/proc/self");
  sys.symlink("/opt/bin/kata-ctl", "/proc/self/exe");
  return sys;
}

describe("startShim()", () => {
  test("gives the listening socket to a shim with its own mounts and tells where it is", () => {
    const sys = system();
    const address = startShim(sys, args);
    expect(address).toBe(`unix://${path}`);
    expect(path).toMatch(/^\/run\/containerd\/s\/[0-9a-f]{64}$/);
    const [shim] = sys.fake.spawned;
    expect(shim).toMatchObject({
      path: "/opt/bin/containerd-shim-kata-v2",
      newSession: true,
      newMountNamespace: true,
      fds: [-1, -1, -1, expect.any(Number)],
    });
    expect(parseShimArgs(shim?.argv.slice(1) ?? [])).toEqual({ ...args, action: "serve" });
    expect(sys.readText("/b/address")).toBe(address);
    expect(sys.readText("/b/shim.pid")).toBe("100");
  });

  test("a pod's container gets the address of the sandbox's shim", () => {
    const sandbox = system({ "io.kubernetes.cri.container-type": "sandbox" });
    const address = startShim(sandbox, args);
    sandbox.fake.addFile(
      "/one/config.json",
      JSON.stringify({
        annotations: { "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "web" },
      }),
    );
    expect(startShim(sandbox, { ...args, id: "one", bundle: "/one" })).toBe(address);
    expect(sandbox.fake.spawned.length).toBe(1);
    expect(sandbox.readText("/one/address")).toBe(address);
    expect(sandbox.exists("/one/shim.pid")).toBe(false);
  });

  test("a pod's container without a sandbox is refused", () => {
    const sys = system({ "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "pod" });
    expect(() => startShim(sys, args)).toThrow("The sandbox pod of container web has no shim");
  });

  test("a dead shim's socket is replaced, a living one's address is answered", () => {
    const sys = system();
    startShim(sys, args);
    sys.fake.addFile("/again/config.json", "{}");
    expect(startShim(sys, { ...args, bundle: "/again" })).toBe(`unix://${path}`);
    expect(sys.readText("/again/address")).toBe(`unix://${path}`);
    expect(sys.fake.spawned.length).toBe(1);
    for (const fd of sys.fake.openDescriptors) sys.close(fd);
    expect(startShim(sys, args)).toBe(`unix://${path}`);
    expect(sys.fake.spawned.length).toBe(2);
  });

  test("a dead socket is looked at and replaced under the lock of its directory, which is given up", () => {
    const sys = system();
    sys.fake.addDirectory("/run/containerd/s");
    sys.close(sys.listen({ kind: "unix", path }));
    sys.fake.calls.length = 0;
    startShim(sys, args);
    const steps = ["lock", "connect", "unlink", "listen"];
    expect(sys.fake.calls.map(({ name }) => String(name)).filter((name) => steps.includes(name))).toEqual([
      "lock",
      "connect",
      "unlink",
      "listen",
    ]);
    // The socket alone is left open.
    expect(sys.fake.openDescriptors).toHaveLength(1);
  });

  test("a shim that cannot be started leaves no socket", () => {
    const sys = system();
    sys.fake.fail("spawn", "EAGAIN");
    expect(() => startShim(sys, args)).toThrow(/EAGAIN/);
    expect(sys.exists(path)).toBe(false);
  });

  test.each([0, 1])("a full disk leaves neither shim nor socket (file %d)", (failing) => {
    const sys = system();
    let count = 0;
    sys.fake.fail("writeFile", { code: "ENOSPC", when: () => count++ === failing });
    expect(() => startShim(sys, args)).toThrow(/ENOSPC/);
    expect(sys.exists(path)).toBe(false);
    expect(sys.fake.processes.table.get(100)?.status).toMatchObject({ kind: "signaled", signal: 9 });
  });

  test("a pod's container whose sandbox's shim is dead is refused", () => {
    const sys = system({ "io.kubernetes.cri.container-type": "sandbox" });
    startShim(sys, args);
    for (const fd of sys.fake.openDescriptors) sys.close(fd);
    sys.fake.addFile(
      "/one/config.json",
      JSON.stringify({
        annotations: { "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "web" },
      }),
    );
    expect(() => startShim(sys, { ...args, id: "one", bundle: "/one" })).toThrow(
      "The sandbox web of container one has no shim",
    );
  });

  test("a bundle without config.json is a sandbox's; without a bundle there is nothing to start", () => {
    const sys = system();
    sys.unlink("/b/config.json");
    expect(startShim(sys, args)).toBe(`unix://${path}`);
    expect(() => startShim(sys, { ...args, id: "other", bundle: "/none" })).toThrow(/ENOENT/);
    expect(sys.fake.spawned.length).toBe(1);
  });

  test("what the caller says goes to the shim: configuration, debug, socket, address for events", () => {
    const sys = system();
    sys.fake.processes.env = ["PATH=/bin", "TTRPC_ADDRESS="];
    const address = startShim(sys, args, {
      configPath: "/etc/c.toml",
      debug: true,
      socketDir: "/run/s2",
      eventsAddress: "/run/c.sock.ttrpc",
    });
    expect(address).toBe(`unix:///run/s2/${path.split("/").at(-1)}`);
    const [shim] = sys.fake.spawned;
    expect(parseShimArgs(shim?.argv.slice(1) ?? [])).toEqual({
      ...args,
      action: "serve",
      debug: true,
      config: "/etc/c.toml",
      socket: address.slice("unix://".length),
    });
    expect(shim?.env).toEqual(["PATH=/bin", "TTRPC_ADDRESS=/run/c.sock.ttrpc"]);
    const told = system();
    told.fake.processes.env = ["TTRPC_ADDRESS=/mine"];
    startShim(told, args, { eventsAddress: "/theirs" });
    expect(told.fake.spawned[0]?.env).toEqual(["TTRPC_ADDRESS=/mine"]);
  });

  test("core scheduling is asked for when containerd does, and its absence is no failure", () => {
    const plain = system();
    startShim(plain, args);
    expect(plain.fake.processes.apart).toBe(false);
    const sys = system();
    sys.fake.processes.env = ["SCHED_CORE=1"];
    startShim(sys, args);
    expect(sys.fake.processes.apart).toBe(true);
    expect(warnings).toEqual([]);
    const without = system();
    without.fake.processes.env = ["SCHED_CORE=1"];
    without.fake.fail("scheduleApart", "EINVAL");
    expect(startShim(without, args)).toBe(`unix://${path}`);
    expect(warnings).toEqual(["core scheduling is not possible here"]);
  });

  test.each([
    [{ namespace: "" }, "invalid-argument"],
    [{ id: "" }, "invalid-argument"],
    [{ id: "../x" }, "invalid-argument"],
    [{ id: "x".repeat(4096) }, "invalid-argument"],
    [{ id: "größe" }, "invalid-argument"],
  ])("refuses %j", (changes, code) => {
    expect(() => startShim(system(), { ...args, ...changes })).toThrow(expect.objectContaining({ code }));
  });

  test.each(["", "{", "[]", '{"annotations": 7}'])("refuses config.json %j", (config) => {
    const sys = system();
    sys.fake.addFile("/b/config.json", config);
    expect(() => startShim(sys, args)).toThrow();
    expect(sys.fake.spawned).toEqual([]);
  });
});

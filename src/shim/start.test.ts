import { describe, expect, test } from "vitest";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { parseShimArgs } from "./args.ts";
import { shimSocketPath } from "./shim-socket.ts";
import { startShim } from "./start.ts";

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

  test("a dead shim's socket is replaced, a living one's is not", () => {
    const sys = system();
    startShim(sys, args);
    expect(() => startShim(sys, args)).toThrow(expect.objectContaining({ code: "already-exists" }));
    for (const fd of sys.fake.openDescriptors) sys.close(fd);
    expect(startShim(sys, args)).toBe(`unix://${path}`);
  });

  test("a shim that cannot be started leaves no socket", () => {
    const sys = system();
    sys.fake.fail("spawn", "EAGAIN");
    expect(() => startShim(sys, args)).toThrow(/EAGAIN/);
    expect(sys.exists(path)).toBe(false);
  });

  test.each([
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

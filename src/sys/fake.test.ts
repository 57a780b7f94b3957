import { expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { sleep } from "../base/clock.ts";
import { connectStream, listenStreams } from "./connect.ts";
import { createFakeSys } from "./fake.ts";
import { FakeLoop } from "./fake-loop.ts";
import { pump } from "./pump.ts";

test("FakeSys walks links, refuses what the kernel refuses, and lists names in order", () => {
  const sys = createFakeSys();
  sys.mkdirAll("/a/b");
  sys.writeFile("/a/b/two", "2");
  sys.writeFile("/a/b/one", "1", 0o600);
  sys.symlink("b", "/a/link");
  expect(sys.readText("/a/link/one")).toBe("1");
  expect(sys.realPath("/a/link/../link/two")).toBe("/a/b/two");
  expect(sys.readDir("/a/b")).toEqual([
    { name: "one", kind: "file" },
    { name: "two", kind: "file" },
  ]);
  expect(sys.stat("/a/b/one").mode).toBe(0o600);
  expect(() => sys.rmdir("/a/b")).toThrow("ENOTEMPTY");
  expect(() => sys.open("/a/none")).toThrow("ENOENT");
  expect(() => sys.mkdir("/a/b/one/x")).toThrow("ENOTDIR");
  sys.symlink("/loop", "/loop");
  expect(() => sys.readFile("/loop")).toThrow("ELOOP");
  sys.removeTree("/a");
  expect(sys.exists("/a")).toBe(false);
});

test("FakeSys.openBeneath stays below its directory and off links", () => {
  const sys = createFakeSys();
  sys.fake.addFile("/root/dir/file", "x");
  sys.fake.addFile("/secret", "s");
  sys.symlink("/secret", "/root/link");
  const root = sys.open("/root", { directory: true });
  sys.close(sys.openBeneath(root, "dir/../dir/file"));
  expect(() => sys.openBeneath(root, "../secret")).toThrow("EXDEV");
  expect(() => sys.openBeneath(root, "/secret")).toThrow("EXDEV");
  expect(() => sys.openBeneath(root, "link")).toThrow("ELOOP");
  sys.close(root);
  expect(sys.fake.openDescriptors).toEqual([]);
});

test("FakeSys records calls and injects failures", () => {
  const sys = createFakeSys();
  sys.fake.fail("writeFile", { code: "ENOSPC", times: 1, when: (path) => path === "/tmp/full" });
  sys.writeFile("/tmp/other", "");
  expect(() => sys.writeFile("/tmp/full", "x")).toThrow("writeFile /tmp/full: fake ENOSPC (ENOSPC)");
  sys.writeFile("/tmp/full", "x");
  expect(sys.fake.callsOf("writeFile").map(([path]) => path)).toEqual(["/tmp/other", "/tmp/full", "/tmp/full"]);
});

test("FakeLoop carries streams between descriptors of a FakeSys", async () => {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  const address = { kind: "unix", path: "/run/x.sock" } as const;
  const heard: string[] = [];
  const listener = listenStreams(sys, loop, address, (stream) =>
    stream.start({
      data: (chunk) => stream.write(utf8Encode(utf8Decode(chunk).toUpperCase())),
      close: () => heard.push("server closed"),
    }),
  );
  const connecting = connectStream(sys, loop, address);
  await loop.settle();
  const client = await connecting;
  client.start({ data: (chunk) => heard.push(utf8Decode(chunk)), close: () => heard.push("client closed") });
  client.write(utf8Encode("hello"));
  await loop.settle();
  client.close();
  await loop.settle();
  listener.close();
  expect(heard).toEqual(["HELLO", "client closed", "server closed"]);
  expect(sys.fake.openDescriptors).toEqual([]);
});

test("connectStream times out, is cancelled and is refused without leaking descriptors", async () => {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  await expect(connectStream(sys, loop, { kind: "vsock", cid: 3, port: 1 })).rejects.toThrow("ECONNREFUSED");
  sys.fake.fail("connect", "EAGAIN");
  const slow = connectStream(sys, loop, { kind: "vsock", cid: 3, port: 1 }, { timeoutMs: 50 });
  const outcome = expect(slow).rejects.toThrow("Timed out after 50 ms: connect to vsock:3:1");
  await loop.advance(60);
  await outcome;
  expect(loop.pendingTimers).toBe(0);
  expect(sys.fake.openDescriptors).toEqual([]);
});

test("FakeLoop moves time only by advance and fires timers in order", async () => {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  const fired: [string, number][] = [];
  const start = loop.nowMs();
  loop.setTimer(20, () => fired.push(["b", loop.nowMs() - start]));
  loop.setTimer(10, () => fired.push(["a", loop.nowMs() - start]));
  loop.setTimer(15, () => fired.push(["never", 0])).cancel();
  const slept = sleep(loop, 30).then(() => fired.push(["slept", loop.nowMs() - start]));
  await loop.advance(25);
  expect(fired).toEqual([
    ["a", 10],
    ["b", 20],
  ]);
  await loop.advance(5);
  await slept;
  expect(fired.at(-1)).toEqual(["slept", 30]);
});

test("a process of a FakeSys ends when the test says so, and by SIGKILL", async () => {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  const first = sys.spawn({ path: "/bin/x", argv: ["x"], env: [] });
  const second = sys.spawn({ path: "/bin/y", argv: ["y"], env: [] });
  const orphans: number[] = [];
  loop.onOrphan((pid) => orphans.push(pid));
  const exited = loop.exited(first);
  sys.fake.processes.exit(first, { kind: "exited", code: 3 });
  expect(await exited).toEqual({ kind: "exited", code: 3 });
  sys.kill(second, 15);
  sys.kill(second, 9);
  expect(orphans).toEqual([second]);
  expect(await loop.exited(second)).toEqual({ kind: "signaled", signal: 9 });
  expect(() => sys.kill(first, 0)).toThrow("ESRCH");
  expect(sys.fake.spawned.map((options) => options.path)).toEqual(["/bin/x", "/bin/y"]);
});

test("pump copies between pipes of a FakeSys to the end", async () => {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  const [fromRead, fromWrite] = sys.pipe();
  const [toRead, toWrite] = sys.pipe();
  const copy = pump({ sys, loop }, fromRead, toWrite);
  sys.write(fromWrite, utf8Encode("some bytes"));
  sys.close(fromWrite);
  await loop.settle();
  expect(await copy.done).toBe(10);
  const buffer = new Uint8Array(20);
  expect(utf8Decode(buffer.subarray(0, sys.read(toRead, buffer)))).toBe("some bytes");
});

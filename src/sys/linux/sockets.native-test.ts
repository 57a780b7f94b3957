import { expect, test } from "../../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { WOULD_BLOCK } from "../port/files.ts";
import { VMADDR_CID_ANY } from "../port/sockets.ts";

test("unix sockets listen with exact permissions, connect and accept", ({ sys, tempDir }) => {
  const dir = tempDir();
  const path = `${dir}/s.sock`;
  const listener = sys.listen({ kind: "unix", path });
  expect(sys.stat(path)).toMatchObject({ kind: "socket", mode: 0o600 });
  const open = sys.listen({ kind: "unix", path: `${dir}/open.sock` }, { mode: 0o666, backlog: 1 });
  expect(sys.stat(`${dir}/open.sock`).mode).toBe(0o666);
  expect(sys.accept(listener)).toBe(WOULD_BLOCK);
  const client = sys.connect({ kind: "unix", path });
  expect(sys.connectError(client)).toBeUndefined();
  const server = sys.accept(listener);
  sys.write(client, utf8Encode("hi"));
  const buffer = new Uint8Array(8);
  expect(sys.read(server, buffer)).toBe(2);
  expect(sys.read(server, buffer)).toBe(WOULD_BLOCK);
  expect(sys.peer(server)).toEqual({ pid: sys.pid(), uid: sys.uid(), gid: 0 });
  sys.shutdown(client, "write");
  expect(sys.read(server, buffer)).toBe(0);
  sys.close(client);
  expect(() => {
    sys.write(server, utf8Encode("x"));
    sys.write(server, utf8Encode("x"));
  }).toThrow({ code: "EPIPE" });
  expect(() => sys.listen({ kind: "unix", path })).toThrow({ code: "EADDRINUSE", subject: `unix:${path}` });
  for (const fd of [listener, open, server]) sys.close(fd);
  expect(() => sys.connect({ kind: "unix", path })).toThrow({ code: "ECONNREFUSED" });
  expect(() => sys.connect({ kind: "unix", path: `${dir}/none` })).toThrow({ code: "ENOENT" });
  expect(() => sys.listen({ kind: "unix", path: `/${"x".repeat(107)}` })).toThrow({ code: "ENAMETOOLONG" });
  expect(() => sys.listen({ kind: "unix", path: "" })).toThrow({ code: "EINVAL" });
  const longest = `${dir}/${"y".repeat(107 - dir.length - 1)}`;
  sys.close(sys.listen({ kind: "unix", path: longest }));
  expect(sys.exists(longest)).toBe(true);
});

test("a unix socket with a full backlog refuses with EAGAIN", ({ sys, tempDir }) => {
  const path = `${tempDir()}/s`;
  const fds = [sys.listen({ kind: "unix", path }, { backlog: 1 })];
  expect(() => {
    for (let i = 0; i < 10; i++) fds.push(sys.connect({ kind: "unix", path }));
  }).toThrow({ code: "EAGAIN" });
  for (const fd of fds) sys.close(fd);
});

test("tcp takes IPv4 and IPv6 literals only", ({ sys }) => {
  const host = "127.0.0.1";
  const port = 20000 + (sys.pid() % 20000);
  const listener = sys.listen({ kind: "tcp", host, port });
  const client = sys.connect({ kind: "tcp", host, port });
  const server = sys.accept(listener);
  expect(server).toBeGreaterThan(2);
  for (const fd of [client, server, listener]) sys.close(fd);
  expect(() => sys.connect({ kind: "tcp", host: "localhost", port })).toThrow({ code: "EINVAL" });
  expect(() => sys.connect({ kind: "tcp", host, port: 70000 })).toThrow({ code: "EINVAL" });
  try {
    sys.close(sys.listen({ kind: "tcp", host: "::1", port }));
  } catch (error) {
    expect(error).toMatchObject({ subject: `tcp:[::1]:${port}` });
  }
});

test("vsock addresses are built, whether the kernel has vsock or not", ({ sys }) => {
  try {
    sys.close(sys.listen({ kind: "vsock", cid: VMADDR_CID_ANY, port: 40000 + (sys.pid() % 1000) }));
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(EAFNOSUPPORT|ENODEV|EADDRINUSE)$/) });
  }
});

test("descriptors travel both ways with their bytes", ({ sys, tempDir }) => {
  const path = `${tempDir()}/passed`;
  const [a, b] = sys.socketPair();
  const file = sys.open(path, { write: true, read: true, create: true });
  const buffer = new Uint8Array(64);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    expect(sys.sendDescriptors(from, utf8Encode("take"), [file, file, 0])).toBe(4);
    const got = sys.receiveDescriptors(to, buffer);
    expect(got.received).toBe(4);
    expect(utf8Decode(buffer.subarray(0, 4))).toBe("take");
    expect(got.descriptors).toHaveLength(3);
    const [first = -1] = got.descriptors;
    sys.write(first, utf8Encode("x"));
    for (const fd of got.descriptors) sys.close(fd);
  }
  expect(sys.readText(path)).toBe("xx");
  expect(sys.receiveDescriptors(a, buffer)).toEqual({ received: WOULD_BLOCK, descriptors: [] });
  sys.sendDescriptors(a, utf8Encode("plain"), []);
  expect(sys.receiveDescriptors(b, buffer)).toEqual({ received: 5, descriptors: [] });
  expect(sys.sendDescriptors(a, utf8Encode("m"), new Array(64).fill(file))).toBe(1);
  const many = sys.receiveDescriptors(b, buffer).descriptors;
  expect(many).toHaveLength(64);
  for (const fd of many) sys.close(fd);
  expect(() => sys.sendDescriptors(a, utf8Encode("m"), new Array(65).fill(file))).toThrow({ code: "E2BIG" });
  expect(() => sys.sendDescriptors(a, utf8Encode("m"), [9999])).toThrow({ code: "EBADF" });
  sys.close(a);
  expect(sys.receiveDescriptors(b, buffer)).toEqual({ received: 0, descriptors: [] });
  sys.close(b);
  sys.close(file);
});

test("received descriptors are close-on-exec", ({ sys }) => {
  const [a, b] = sys.socketPair();
  sys.sendDescriptors(a, utf8Encode("x"), [0]);
  const [got = -1] = sys.receiveDescriptors(b, new Uint8Array(1)).descriptors;
  expect(sys.readText(`/proc/self/fdinfo/${got}`)).toMatch(/flags:\s+0?2\d{6}/);
  for (const fd of [a, b, got]) sys.close(fd);
});

test("pipes have a size, descriptors can be duplicated and switched between blocking and not", ({ sys }) => {
  const [r, w] = sys.pipe();
  expect(sys.setPipeSize(w, 200_000)).toBe(262_144);
  const copy = sys.duplicate(w);
  sys.close(w);
  sys.write(copy, utf8Encode("x"));
  sys.setNonBlocking(r, true);
  expect(sys.read(r, new Uint8Array(4))).toBe(1);
  expect(sys.read(r, new Uint8Array(4))).toBe(WOULD_BLOCK);
  sys.setNonBlocking(r, false);
  expect(sys.readText(`/proc/self/fdinfo/${r}`)).toMatch(/flags:\s+02000000/);
  sys.close(copy);
  sys.close(r);
});

test("netlink answers a request for the links", ({ sys }) => {
  const fd = sys.netlink("route", 0);
  // nlmsghdr: length 20, RTM_GETLINK with NLM_F_REQUEST|NLM_F_DUMP, sequence 1; rtgenmsg AF_UNSPEC (rtnetlink(7)).
  const request = new Uint8Array(20);
  const view = new DataView(request.buffer);
  view.setUint32(0, 20, true);
  view.setUint16(4, 18, true);
  view.setUint16(6, 0x301, true);
  view.setUint32(8, 1, true);
  expect(sys.write(fd, request)).toBe(20);
  const answer = new Uint8Array(32768);
  const length = sys.read(fd, answer);
  expect(length).toBeGreaterThan(100);
  expect(new DataView(answer.buffer).getUint16(4, true)).toBe(16);
  expect(utf8Decode(answer.subarray(0, length))).toContain("lo\0");
  sys.close(fd);
  sys.close(sys.netlink("uevent", 1));
});

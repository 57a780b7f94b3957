import { expect, test } from "../../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Sha256, sha256Hex } from "../../base/sha256.ts";
import { texts } from "../../base/text-in-place.ts";
import type { SysError } from "../error.ts";
import { WOULD_BLOCK } from "../port/files.ts";

test("clocks run, the wall clock agrees with Date", ({ sys }) => {
  const start = sys.nowMs();
  expect(Math.abs(sys.wallMs() - Date.now())).toBeLessThan(5000);
  let now = sys.nowMs();
  for (let i = 0; i < 1000; i++) {
    const next = sys.nowMs();
    expect(next).toBeGreaterThanOrEqual(now);
    now = next;
  }
  expect(now - start).toBeLessThan(30_000);
  expect(now % 1 === 0 && start % 1 === 0).toBe(false);
});

test("random gives different bytes of the wanted number", ({ sys }) => {
  expect(sys.random(0)).toHaveLength(0);
  expect(sys.random(32)).toHaveLength(32);
  expect(sys.random(32)).not.toEqual(sys.random(32));
  expect(sys.random(100_000).filter((byte) => byte === 0).length).toBeGreaterThan(200);
});

test("uname, cpuCount and pageSize describe the machine", ({ sys }) => {
  expect(sys.uname()).toMatchObject({ sysname: "Linux", release: sys.readText("/proc/sys/kernel/osrelease").trim() });
  expect(sys.cpuCount()).toBeGreaterThan(0);
  expect([4096, 16384, 65536]).toContain(sys.pageSize());
});

test("inotify tells of a new file", async ({ sys, loop, tempDir }) => {
  const dir = tempDir();
  const fd = sys.inotify();
  const IN_CREATE = 0x100;
  const id = sys.inotifyAdd(fd, dir, IN_CREATE);
  expect(() => sys.inotifyAdd(fd, `${dir}/none`, IN_CREATE)).toThrow({ code: "ENOENT" });
  const buffer = new Uint8Array(512);
  expect(sys.read(fd, buffer)).toBe(WOULD_BLOCK);
  const event = new Promise<number>((resolve) => {
    const watch = loop.watch(fd, { read: true }, () => {
      watch.stop();
      resolve(sys.read(fd, buffer));
    });
  });
  sys.writeFile(`${dir}/new-name`, "");
  const length = await event;
  expect(new DataView(buffer.buffer).getInt32(0, true)).toBe(id);
  expect(utf8Decode(buffer.subarray(16, length))).toContain("new-name");
  sys.close(fd);
});

test("calls that change the machine pass the kernel's refusal on", ({ sys }) => {
  expect(() => sys.setWallClock(1n, 2_000_000_000)).toThrow({ code: "EINVAL" });
  expect(() => sys.addEntropy(new Uint8Array(513))).toThrow({ code: "E2BIG" });
  const file = sys.open("/proc/self/status");
  expect(() => sys.loadModule(file, "")).toThrow({ syscall: "finit_module" });
  sys.close(file);
  expect(() => sys.setHostname("x".repeat(300))).toThrow({ code: "ENAMETOOLONG" });
  sys.sync();
});

test("probeKvm tells KVM from other devices, and leaves nothing open", ({ sys }) => {
  const probe = (path: string) => {
    const device = sys.open(path, { read: true, write: true });
    try {
      return sys.probeKvm(device);
    } finally {
      sys.close(device);
    }
  };
  expect(() => probe("/dev/null")).toThrow({ code: "ENOTTY", syscall: "ioctl KVM_CREATE_VM" });
  expect(() => sys.probeKvm(4095)).toThrow({ code: "EBADF" });
  try {
    expect(probe("/dev/kvm")).toBe(12);
  } catch (error) {
    // No KVM here, none for us, or another hypervisor has the CPU.
    expect(["open", "ioctl KVM_CREATE_VM"]).toContain((error as SysError).syscall);
  }
});

test("addEntropy reseeds the pool", ({ sys }) => {
  try {
    sys.addEntropy(sys.random(32));
  } catch (error) {
    // Not every sandbox that root runs in may do it.
    expect(error).toMatchObject({ code: "EPERM" });
  }
});

test("utf8Encode and utf8Decode follow the encoding standard", () => {
  expect([...utf8Encode("aé€😀")]).toEqual([0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]);
  expect([...utf8Encode("x\ud800y\udc00")]).toEqual([0x78, 0xef, 0xbf, 0xbd, 0x79, 0xef, 0xbf, 0xbd]);
  expect([...utf8Encode("\ud83d\ud83d\ude00")]).toEqual([0xef, 0xbf, 0xbd, 0xf0, 0x9f, 0x98, 0x80]);
  expect(utf8Encode("")).toHaveLength(0);
  expect([...utf8Encode("\0")]).toEqual([0]);
  const table: readonly (readonly [number[], string])[] = [
    [[0x61, 0xff, 0x62], "a\ufffdb"],
    [[0xe2, 0x82], "\ufffd"],
    [[0xe2, 0x82, 0x41], "\ufffdA"],
    [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
    [[0xf0, 0x9f, 0x98], "\ufffd"],
    [[0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
    [[0xc0, 0xaf], "\ufffd\ufffd"],
    [[0xf0, 0x80, 0x80, 0x41], "\ufffd\ufffd\ufffdA"],
    [[0x00, 0x61], "\0a"],
    [[0xf0, 0x9f, 0x98, 0x80], "😀"],
  ];
  for (const [bytes, text] of table) expect(utf8Decode(new Uint8Array(bytes))).toBe(text);
  const long = "é".repeat(10_000);
  expect(utf8Decode(utf8Encode(long))).toBe(long);
});

test("kataTexts writes and reads text within a buffer, and stays within it", () => {
  const bytes = new Uint8Array(8);
  expect(texts.encode("\ud800€", bytes, 2)).toBe(6);
  expect([...bytes]).toEqual([0, 0, 0xef, 0xbf, 0xbd, 0xe2, 0x82, 0xac]);
  expect(texts.encode("€", bytes, 6)).toBe(-1);
  expect(texts.decode(bytes, 5, 8)).toBe("€");
  expect(texts.decode(bytes, 5, 7)).toBe(undefined);
  expect(texts.decode(bytes, 8, 8)).toBe("");
  for (const [start, end] of [
    [-1, 2],
    [3, 2],
    [0, 9],
    [9, 9],
  ] as const) {
    expect(() => texts.decode(bytes, start, end)).toThrow("native call");
  }
  expect(texts.encode("", bytes, 8)).toBe(0);
  for (const outside of [9, 1e15, -1]) expect(texts.encode("", bytes, outside)).toBe(-1);
  expect([...bytes.subarray(0, 2)]).toEqual([0, 0]);
});

test("TextDecoder can be strict and removes a byte order mark", () => {
  const strict = new TextDecoder("utf-8", { fatal: true });
  expect(() => strict.decode(new Uint8Array([0xff]))).toThrow(TypeError);
  expect(strict.decode(new Uint8Array([0x41]))).toBe("A");
  const marked = new Uint8Array([0xef, 0xbb, 0xbf, 0x41]);
  expect(new TextDecoder().decode(marked)).toBe("A");
  expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(marked)).toBe("\ufeffA");
});

test("Sha256 in C agrees with known digests, however the bytes are cut", () => {
  expect(sha256Hex("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(sha256Hex("a".repeat(1_000_000))).toBe("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const whole = sha256Hex(bytes);
  for (const step of [1, 7, 63, 64, 65, 999]) {
    const hash = new Sha256();
    for (let at = 0; at < bytes.length; at += step) hash.add(bytes.subarray(at, at + step));
    expect(hash.hex()).toBe(whole);
    expect(hash.hex()).toBe(whole);
  }
});

import { expect, test } from "../../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { WOULD_BLOCK } from "../port/files.ts";

test("open honours its options and names errors", ({ sys, tempDir }) => {
  const dir = tempDir();
  const path = `${dir}/file`;
  expect(() => sys.open(path)).toThrow({ code: "ENOENT", syscall: "open", subject: path, errno: 2 });
  const fd = sys.open(path, { write: true, read: true, create: true, exclusive: true, mode: 0o600 });
  expect(() => sys.open(path, { write: true, create: true, exclusive: true })).toThrow({ code: "EEXIST" });
  expect(sys.write(fd, utf8Encode("hello world"))).toBe(11);
  const buffer = new Uint8Array(8);
  expect(sys.pread(fd, buffer, 6)).toBe(5);
  expect(utf8Decode(buffer.subarray(0, 5))).toBe("world");
  expect(sys.pwrite(fd, utf8Encode("J"), 0)).toBe(1);
  expect(sys.readText(path)).toBe("Jello world");
  sys.truncate(fd, 5);
  sys.fsync(fd);
  sys.fchmod(fd, 0o640);
  expect(sys.fstat(fd)).toMatchObject({ kind: "file", size: 5, mode: 0o640, nlink: 1 });
  sys.close(fd);
  const appended = sys.open(path, { write: true, append: true });
  sys.write(appended, utf8Encode("!!"));
  sys.close(appended);
  expect(sys.readText(path)).toBe("Jello!!");
  sys.close(sys.open(path, { write: true, truncate: true }));
  expect(sys.stat(path).size).toBe(0);
  expect(() => sys.open(path, { directory: true })).toThrow({ code: "ENOTDIR" });
  sys.symlink(path, `${dir}/link`);
  expect(() => sys.open(`${dir}/link`, { noFollow: true })).toThrow({ code: "ELOOP" });
  const handle = sys.open(`${dir}/link`, { noFollow: true, pathOnly: true });
  expect(sys.fstat(handle).kind).toBe("symlink");
  expect(() => sys.read(handle, buffer)).toThrow({ code: "EBADF" });
  sys.close(handle);
});

test("read and write take slices and refuse ranges outside of the buffer", ({ sys, tempDir }) => {
  const fd = sys.open(`${tempDir()}/f`, { write: true, read: true, create: true });
  const source = utf8Encode("0123456789");
  expect(sys.write(fd, source, 2, 3)).toBe(3);
  expect(sys.write(fd, source.subarray(5), 1)).toBe(4);
  const buffer = new Uint8Array(10).fill(46);
  expect(sys.pread(fd, buffer.subarray(3, 6), 0)).toBe(3);
  expect(utf8Decode(buffer)).toBe("...234....");
  for (const [offset, length] of [
    [11, 0],
    [-1, 1],
    [0, 11],
    [5, 6],
    [0, -1],
    [0.5, 1],
    [Number.NaN, 1],
    [2 ** 53, 1],
  ] as const) {
    expect(() => sys.read(fd, buffer, offset, length)).toThrow(TypeError);
  }
  expect(sys.read(fd, buffer, 10, 0)).toBe(0);
  sys.close(fd);
});

test("writeMany writes chunks in order and leaves out what is written", ({ sys, tempDir }) => {
  const path = `${tempDir()}/f`;
  const fd = sys.open(path, { write: true, create: true });
  const chunks = ["abc", "", "def", "g"].map(utf8Encode);
  expect(sys.writeMany(fd, chunks, 1)).toBe(6);
  expect(sys.readText(path)).toBe("bcdefg");
  expect(sys.writeMany(fd, [], 0)).toBe(0);
  expect(() => sys.writeMany(fd, chunks, 4)).toThrow({ code: "EINVAL" });
  const many = Array.from({ length: 100 }, () => utf8Encode("x"));
  expect(sys.writeMany(fd, many)).toBe(64);
  sys.close(fd);
});

test("readFile reads files of unknown size and stops at its limit", ({ sys, tempDir }) => {
  expect(sys.readText("/proc/self/status")).toContain("Pid:");
  const path = `${tempDir()}/big`;
  const content = new Uint8Array(1_000_000).fill(7);
  sys.writeFile(path, content);
  expect(sys.readFile(path).length).toBe(1_000_000);
  expect(sys.readFile(path, 1_000_000).length).toBe(1_000_000);
  expect(() => sys.readFile(path, 999_999)).toThrow(KataError);
  expect(() => sys.readFile(path, 10)).toThrow({ code: "resource-exhausted" });
  expect(() => sys.readFile("/proc/self/maps", 16)).toThrow({ code: "resource-exhausted" });
  expect(() => sys.readFile("/")).toThrow({ code: "EISDIR" });
  expect(sys.readFile("/dev/null").length).toBe(0);
});

test("readFile of a FIFO without writer does not block", ({ sys, tempDir }) => {
  const path = `${tempDir()}/fifo`;
  sys.mkfifo(path, 0o600);
  expect(sys.lstat(path).kind).toBe("fifo");
  expect(sys.readFile(path).length).toBe(0);
});

test("writeFileAtomic replaces the content whole and leaves nothing behind", ({ sys, tempDir }) => {
  const dir = tempDir();
  sys.writeFileAtomic(`${dir}/state`, "one", 0o600);
  sys.writeFileAtomic(`${dir}/state`, "two", 0o600);
  expect(sys.readText(`${dir}/state`)).toBe("two");
  expect(sys.stat(`${dir}/state`).mode).toBe(0o600);
  expect(() => sys.writeFileAtomic(`${dir}/none/state`, "x")).toThrow({ code: "ENOENT" });
  sys.mkdir(`${dir}/taken`);
  sys.writeFile(`${dir}/taken/x`, "");
  expect(() => sys.writeFileAtomic(`${dir}/taken`, "x")).toThrow({ code: "EISDIR" });
  expect(sys.readDir(dir).map((entry) => entry.name)).toEqual(["state", "taken"]);
});

test("names: directories, links, renames, owners, devices", ({ sys, tempDir }) => {
  const dir = tempDir();
  sys.mkdirAll(`${dir}/a/b/c`);
  sys.mkdirAll(`${dir}/a/b/c`);
  sys.writeFile(`${dir}/a/f`, "");
  expect(() => sys.mkdirAll(`${dir}/a/f`)).toThrow({ code: "EEXIST" });
  expect(() => sys.mkdirAll(`${dir}/a/f/g`)).toThrow({ code: "ENOTDIR" });
  sys.symlink("b", `${dir}/a/to-b`);
  sys.mkdirAll(`${dir}/a/to-b/c/d`);
  expect(sys.readLink(`${dir}/a/to-b`)).toBe("b");
  expect(sys.realPath(`${dir}/a/to-b/../f`)).toBe(`${sys.realPath(dir)}/a/f`);
  sys.link(`${dir}/a/f`, `${dir}/a/g`);
  expect(sys.stat(`${dir}/a/g`).nlink).toBe(2);
  sys.rename(`${dir}/a/g`, `${dir}/a/h`);
  expect(sys.readDir(`${dir}/a`)).toEqual([
    { name: "b", kind: "directory" },
    { name: "f", kind: "file" },
    { name: "h", kind: "file" },
    { name: "to-b", kind: "symlink" },
  ]);
  sys.chmod(`${dir}/a/f`, 0o4711);
  expect(sys.stat(`${dir}/a/f`).mode).toBe(0o4711);
  sys.unlink(`${dir}/a/f`);
  expect(sys.exists(`${dir}/a/f`)).toBe(false);
  expect(() => sys.rmdir(`${dir}/a`)).toThrow({ code: "ENOTEMPTY" });
  expect(() => sys.unlink(`${dir}/a`)).toThrow({ code: "EISDIR" });
  expect(() => sys.readLink(`${dir}/a`)).toThrow({ code: "EINVAL" });
  expect(() => sys.stat(`${dir}/x\0y`)).toThrow({ code: "EINVAL" });
  expect(() => sys.stat(`${dir}/${"n".repeat(5000)}`)).toThrow({ code: "ENAMETOOLONG" });
});

test(
  "chown and mknod work for root",
  ({ sys, tempDir }) => {
    const dir = tempDir();
    sys.writeFile(`${dir}/f`, "");
    sys.symlink("f", `${dir}/l`);
    sys.chown(`${dir}/l`, 1234, 4321);
    expect(sys.lstat(`${dir}/l`)).toMatchObject({ uid: 1234, gid: 4321 });
    expect(sys.stat(`${dir}/l`).uid).toBe(0);
    const fd = sys.open(`${dir}/f`);
    sys.fchown(fd, 7, 8);
    expect(sys.fstat(fd)).toMatchObject({ uid: 7, gid: 8 });
    sys.close(fd);
    try {
      sys.mknod(`${dir}/null`, "char", 0o600, { major: 1, minor: 3 });
    } catch (error) {
      expect(error).toMatchObject({ code: "EPERM" });
      return;
    }
    expect(sys.stat(`${dir}/null`)).toMatchObject({ kind: "char", represents: { major: 1, minor: 3 } });
  },
  { needsRoot: true },
);

test("exists() follows links and takes any text", ({ sys, tempDir }) => {
  const dir = tempDir();
  sys.symlink(`${dir}/none`, `${dir}/dangling`);
  sys.symlink(dir, `${dir}/self`);
  expect([dir, `${dir}/self/dangling`, `${dir}/self/self`, `${dir}/none`].map(sys.exists)).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(["", "a\0b", "x".repeat(5000)].map(sys.exists)).toEqual([false, false, false]);
});

test("calls relative to a directory descriptor stay in it", ({ sys, tempDir }) => {
  const dir = tempDir();
  const fd = sys.open(dir, { directory: true });
  expect(sys.mkdirAt(fd, "sub", 0o700)).toBe(true);
  expect(sys.mkdirAt(fd, "sub", 0o700)).toBe(false);
  sys.symlinkAt("sub", fd, "link");
  sys.renameAt(fd, "link", fd, "link2");
  expect(sys.readDirAt(fd).map((entry) => entry.name)).toEqual(["link2", "sub"]);
  expect(sys.readDirAt(fd)).toHaveLength(2);
  sys.unlinkAt(fd, "link2");
  expect(() => sys.unlinkAt(fd, "sub")).toThrow({ code: "EISDIR" });
  sys.unlinkAt(fd, "sub", true);
  expect(sys.readDirAt(fd)).toEqual([]);
  sys.close(fd);
});

test("openBeneath refuses every way out", ({ sys, tempDir }) => {
  const dir = tempDir();
  sys.mkdirAll(`${dir}/root/sub`);
  sys.writeFile(`${dir}/secret`, "s");
  sys.writeFile(`${dir}/root/sub/file`, "inside");
  sys.symlink("../secret", `${dir}/root/up`);
  sys.symlink("/etc", `${dir}/root/abs`);
  sys.symlink("sub", `${dir}/root/within`);
  const root = sys.open(`${dir}/root`, { directory: true });
  const inside = sys.openBeneath(root, "sub/../sub/file");
  const buffer = new Uint8Array(16);
  expect(utf8Decode(buffer.subarray(0, sys.read(inside, buffer)))).toBe("inside");
  sys.close(inside);
  expect(() => sys.openBeneath(root, "../secret")).toThrow({ code: "EXDEV" });
  expect(() => sys.openBeneath(root, "sub/../../secret")).toThrow({ code: "EXDEV" });
  expect(() => sys.openBeneath(root, "/etc/passwd")).toThrow({ code: "EXDEV" });
  expect(() => sys.openBeneath(root, `${dir}/root/sub/file`)).toThrow({ code: "EXDEV" });
  for (const link of ["up", "abs/passwd", "within/file", "within"]) {
    expect(() => sys.openBeneath(root, link)).toThrow({ code: "ELOOP" });
  }
  const created = sys.openBeneath(root, "sub/new", { write: true, create: true, exclusive: true, mode: 0o600 });
  sys.close(created);
  expect(sys.stat(`${dir}/root/sub/new`).mode).toBe(0o600);
  expect(() => sys.openBeneath(root, "up", { write: true, create: true })).toThrow({ code: "ELOOP" });
  sys.close(root);
  expect(() => sys.openBeneath(root, "sub")).toThrow({ code: "EBADF" });
});

test("removeTree removes any tree, follows no link, and forgives a missing one", ({ sys, tempDir }) => {
  const dir = tempDir();
  sys.mkdirAll(`${dir}/tree/a/b`);
  sys.writeFile(`${dir}/keep`, "k");
  sys.mkdir(`${dir}/outside`);
  sys.writeFile(`${dir}/outside/f`, "o");
  sys.symlink("../outside", `${dir}/tree/link`);
  sys.symlink("../../keep", `${dir}/tree/a/file-link`);
  for (let i = 0; i < 300; i++) sys.writeFile(`${dir}/tree/a/b/f${i}`, "");
  sys.chmod(`${dir}/tree/a/b`, 0);
  sys.removeTree(`${dir}/tree`);
  expect(sys.readDir(dir).map((entry) => entry.name)).toEqual(["keep", "outside"]);
  expect(sys.readText(`${dir}/outside/f`)).toBe("o");
  sys.removeTree(`${dir}/tree`);
  sys.removeTree(`${dir}/no/such/parent`);
  sys.removeTree(`${dir}/keep`);
  expect(sys.exists(`${dir}/keep`)).toBe(false);
  sys.symlink("outside", `${dir}/l`);
  sys.removeTree(`${dir}/l`);
  expect(sys.exists(`${dir}/outside/f`)).toBe(true);
  expect(() => sys.removeTree(`${dir}/outside/..`)).toThrow({ code: "EINVAL" });
  sys.removeTree(`${dir}/outside///`);
  expect(sys.readDir(dir)).toEqual([]);
});

test("removeTree copes with trees of 2000 levels", ({ sys, tempDir }) => {
  const dir = tempDir();
  sys.mkdir(`${dir}/deep`);
  let at = sys.open(`${dir}/deep`, { directory: true });
  for (let level = 0; level < 2000; level++) {
    sys.mkdirAt(at, "d", 0o700);
    const next = sys.openBeneath(at, "d", { directory: true });
    sys.close(sys.openBeneath(at, "file", { write: true, create: true }));
    sys.close(at);
    at = next;
  }
  sys.close(at);
  sys.removeTree(`${dir}/deep`);
  expect(sys.readDir(dir)).toEqual([]);
});

test("readDir shows names that are no UTF-8 with replacement characters, removeTree removes them", async (context) => {
  const { sys } = context;
  const { shell } = await import("../../../test/native/process.ts");
  const dir = context.tempDir();
  sys.mkdir(`${dir}/t`);
  const made = await shell(context, "touch \"$(printf 'caf\\351')\"; mkdir \"$(printf '\\377d')\"", {
    cwd: `${dir}/t`,
  });
  expect(made).toEqual({ status: { kind: "exited", code: 0 }, output: "" });
  expect(sys.readDir(`${dir}/t`).map((entry) => entry.name)).toEqual(["caf\ufffd", "\ufffdd"]);
  sys.removeTree(`${dir}/t`);
  expect(sys.exists(`${dir}/t`)).toBe(false);
});

test("lock tells of a holder and waits only when asked to", ({ sys, tempDir }) => {
  const path = `${tempDir()}/lock`;
  const first = sys.open(path, { write: true, create: true });
  const second = sys.open(path, { write: true, create: true });
  expect(sys.lock(first, "exclusive")).toBe(true);
  expect(sys.lock(second, "exclusive")).toBe(false);
  expect(sys.lock(second, "shared")).toBe(false);
  sys.close(first);
  expect(sys.lock(second, "shared", true)).toBe(true);
  sys.close(second);
});

test("splice moves between pipes and says when it would block", ({ sys }) => {
  const [r1, w1] = sys.pipe({ nonBlocking: true });
  const [r2, w2] = sys.pipe({ nonBlocking: true });
  expect(sys.splice(r1, w2, 4096)).toBe(WOULD_BLOCK);
  sys.write(w1, utf8Encode("splice"));
  expect(sys.readable(r1)).toBe(6);
  expect(sys.splice(r1, w2, 4096)).toBe(6);
  expect(sys.readable(r2)).toBe(6);
  sys.close(w1);
  expect(sys.splice(r1, w2, 4096)).toBe(0);
  for (const fd of [r1, r2, w2]) sys.close(fd);
});

test("statFs and stat give numbers of the right kind", ({ sys, tempDir }) => {
  expect(sys.statFs("/proc").type).toBe(0x9fa0);
  const root = sys.statFs("/");
  expect(root.blocks >= root.freeBlocks).toBe(true);
  expect(sys.stat("/dev/null")).toMatchObject({ kind: "char", represents: { major: 1, minor: 3 } });
  expect(Math.abs(sys.stat(tempDir()).modifiedMs - sys.wallMs())).toBeLessThan(60_000);
});

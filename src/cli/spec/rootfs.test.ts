import { beforeEach, describe, expect, test } from "vitest";
import { createFakeSys, type FakeSys } from "../../sys/fake.ts";
import { findInRoot, readInRoot } from "./in-root.ts";
import { WritableLayer } from "./layer.ts";
import { below, programField, requireProgram } from "./program.ts";

let sys: FakeSys;

beforeEach(() => {
  sys = createFakeSys();
  sys.fake.addFile("/secret", "host");
  sys.fake.addFile("/img/etc/passwd", "root:x:0:0::/root:\n");
  sys.fake.addFile("/img/bin/sh", "#!", 0o755);
  sys.fake.addFile("/img/bin/notes", "", 0o644);
  sys.fake.addDirectory("/img/a/b");
  sys.symlink("../../../../secret", "/img/a/up");
  sys.symlink("/secret", "/img/a/absolute");
  sys.symlink("/etc/passwd", "/img/a/passwd");
  sys.symlink("loop", "/img/a/loop");
  sys.symlink("/bin", "/img/programs");
  sys.symlink("/nowhere/x", "/img/dangling");
});

describe("findInRoot", () => {
  test.each([
    ["/etc/passwd", "etc/passwd", "file"],
    ["/a/passwd", "etc/passwd", "file"],
    ["a/./b/../passwd", "etc/passwd", "file"],
    ["/../../etc", "etc", "directory"],
    ["/", "", "directory"],
    ["/programs/sh", "bin/sh", "file"],
    ["/a/up", "secret", undefined],
    ["/a/absolute", "secret", undefined],
    ["/dangling", "nowhere/x", undefined],
    ["/no/such/thing", "no/such/thing", undefined],
  ])("%s leads to %s", (path, expected, kind) => {
    const found = findInRoot(sys, "/img", path);
    expect(found.path).toBe(expected);
    expect(found.stat?.kind).toBe(kind);
  });
  test("gives up on links in a circle", () => {
    expect(() => findInRoot(sys, "/img", "/a/loop")).toThrow(/too many links/);
  });
});

describe("readInRoot", () => {
  test("reads through the image's own links and never the host's file", () => {
    expect(readInRoot(sys, "/img", "/a/passwd", 100)).toContain("root");
    expect(readInRoot(sys, "/img", "/a/up", 100)).toBe("");
    expect(readInRoot(sys, "/img", "/a/absolute", 100)).toBe("");
    expect(readInRoot(sys, "/img", "/etc", 100)).toBe("");
    expect(sys.fake.openDescriptors).toEqual([]);
  });
  test("refuses a huge file", () => {
    expect(() => readInRoot(sys, "/img", "/etc/passwd", 3)).toThrow(/larger than 3/);
  });
});

describe("WritableLayer", () => {
  const layer = () => {
    const made = new WritableLayer({ sys }, { lower: "/img", upper: "/upper" });
    made.create();
    return made;
  };
  test("makes what the image lacks, with the image's modes above it, and leaves the image alone", () => {
    sys.chmod("/img/a", 0o2750);
    sys.chown("/img/a", 5, 6);
    const made = layer();
    expect(made.directory("/a/new/deep", { uid: 7, gid: 8 })).toBe("/a/new/deep");
    expect(sys.stat("/upper/a")).toMatchObject({ mode: 0o2750, uid: 5, gid: 6 });
    expect(sys.stat("/upper/a/new/deep")).toMatchObject({ mode: 0o755, uid: 7, gid: 8 });
    expect(sys.exists("/img/a/new")).toBe(false);
  });
  test("makes nothing for what the image has, and follows its links", () => {
    const made = layer();
    expect(made.directory("/a/b")).toBe("/a/b");
    expect(made.directory("/dangling")).toBe("/nowhere/x");
    expect(sys.exists("/upper/a")).toBe(false);
    expect(sys.exists("/upper/nowhere/x")).toBe(true);
  });
  test("puts a file over a link without following it", () => {
    sys.symlink("/secret", "/img/etc/hosts");
    layer().file("/etc", "hosts", "127.0.0.1 localhost\n");
    expect(sys.readText("/upper/etc/hosts")).toBe("127.0.0.1 localhost\n");
    expect(sys.readText("/secret")).toBe("host");
  });
});

describe("requireProgram", () => {
  const check = { root: "/img", program: "sh", cwd: "/", searchPath: "/sbin:/programs", mounted: ["/data"] };
  test.each(["sh", "/bin/sh", "bin/sh", "/programs/sh", "/data/anything", "/data"])("accepts %s", (program) => {
    requireProgram(sys, { ...check, program });
  });
  test("in doubt lets the guest decide", () => {
    requireProgram(sys, { ...check, program: "missing", searchPath: "/sbin:/data/bin" });
  });
  test.each([
    ["/no/such/program", "not-found"],
    ["missing", "not-found"],
    ["/secret", "not-found"],
    ["/etc/passwd", "permission-denied"],
    ["notes", "permission-denied"],
    ["/etc", "permission-denied"],
  ])("refuses %s as %s", (program, code) => {
    let thrown: unknown;
    try {
      requireProgram(sys, { ...check, program });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code, field: programField });
  });
});

test("below compares whole components", () => {
  expect(below("/a/b", ["/a"])).toBe(true);
  expect(below("/a", ["/a"])).toBe(true);
  expect(below("/ab", ["/a"])).toBe(false);
  expect(below("/ab", ["/"])).toBe(true);
});

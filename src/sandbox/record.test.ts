import { describe, expect, test } from "vitest";
import { createFakeSys } from "../sys/fake.ts";
import { parseRecord, readRecord } from "./read-record.ts";
import { type SandboxRecord, writeRecord } from "./record.ts";

const record: SandboxRecord = {
  version: 1,
  sandboxId: "web",
  bundle: "/bundles/web",
  namespace: "default",
  state: "running",
  createdMs: 1000,
  shimPid: 7,
  hypervisor: "qemu",
  socket: "/run/containerd/s/x",
  containers: [{ id: "web", bundle: "/bundles/web" }],
  undo: [
    { kind: "remove-tree", path: "/run/vc/vm/web" },
    { kind: "unmount", path: "/run/x" },
    { kind: "kill", pid: 9, startTicks: "123", what: "VMM" },
    { kind: "unjoin-link", netns: "/run/netns/cni-1", inode: "4026532000", link: "eth0", index: 2, tap: "tap0_kata" },
  ],
};
const text = (changes: object) => JSON.stringify({ ...record, ...changes });

describe("a record", () => {
  test("survives the disk, and replaces the old one in one step", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/state");
    writeRecord(sys, "/state", record);
    writeRecord(sys, "/state", { ...record, state: "stopped" });
    expect(readRecord(sys, "/state")).toEqual({ ...record, state: "stopped" });
    expect(sys.readDir("/state").map(({ name }) => name)).toEqual(["persist.json"]);
    expect(sys.stat("/state/persist.json").mode).toBe(0o600);
  });

  test("of an older program has links without an index", () => {
    const [, , , link] = record.undo;
    const { undo } = parseRecord(text({ undo: [{ ...link, index: undefined }] }), "/p");
    expect(undo).toEqual([{ ...link, index: 0 }]);
  });

  test("may be missing", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/state");
    expect(readRecord(sys, "/state")).toBeUndefined();
  });

  test("of another version is refused by its number", () => {
    expect(() => parseRecord(text({ version: 2 }), "/p")).toThrow(
      expect.objectContaining({
        code: "failed-precondition",
        message: "/p is of version 2, this program knows 1",
      }),
    );
  });

  test.each([
    ["truncated text", text({}).slice(0, 50)],
    ["an empty file", ""],
    ["no version", text({ version: undefined })],
    ["an unknown undo", text({ undo: [{ kind: "format-disk", path: "/" }] })],
    ["a relative path", text({ undo: [{ kind: "unmount", path: "x" }] })],
    ["a path with ..", text({ undo: [{ kind: "remove-tree", path: "/run/web/../.." }] })],
    ["somebody else's tree", text({ undo: [{ kind: "remove-tree", path: "/run/vc/vm/other" }] })],
    ["the root's tree", text({ undo: [{ kind: "remove-tree", path: "/" }] })],
    ["a link that is no tap", text({ undo: [{ ...record.undo[3], tap: "eth0" }] })],
    ["a namespace without its inode", text({ undo: [{ ...record.undo[3], inode: "" }] })],
    ["pid 1", text({ undo: [{ kind: "kill", pid: 1, startTicks: "1", what: "init" }] })],
    ["pid -1", text({ undo: [{ kind: "kill", pid: -1, startTicks: "1", what: "all" }] })],
  ])("with %s is damaged", (_name, json) => {
    expect(() => parseRecord(json, "/p")).toThrow(
      expect.objectContaining({ code: "data-loss", message: "/p is damaged" }),
    );
  });

  test("of somebody else, or behind a link, is refused", () => {
    const sys = createFakeSys();
    sys.fake.addFile("/state/persist.json", text({}));
    sys.chown("/state/persist.json", 1000, 1000);
    expect(() => readRecord(sys, "/state")).toThrow(expect.objectContaining({ code: "permission-denied" }));
    sys.fake.addDirectory("/other");
    sys.symlink("/state/persist.json", "/other/persist.json");
    expect(() => readRecord(sys, "/other")).toThrow(expect.objectContaining({ code: "permission-denied" }));
  });
});

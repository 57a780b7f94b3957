import { describe, expect, test } from "vitest";
import { utf8Encode } from "../../base/bytes.ts";
import { CopyFileRequest } from "../../wire/gen/agent/agent.ts";
import { planCopy, SHARE_DIR } from "./plan.ts";

type Fields = Parameters<typeof CopyFileRequest.create>[0];
const plan = (fields: Fields) => planCopy(CopyFileRequest.create({ path: `${SHARE_DIR}/v/a`, ...fields }));
const link = (target: string, path = `${SHARE_DIR}/v/l`): Fields => ({
  path,
  fileMode: 0o120777,
  data: utf8Encode(target),
});

describe("planCopy()", () => {
  test("plans a file in one part", () => {
    const data = utf8Encode("hello");
    expect(plan({ fileMode: 0o100644, dirMode: 0o750, fileSize: 5n, data, uid: 1, gid: 2 })).toEqual({
      kind: "file",
      path: `${SHARE_DIR}/v/a`,
      dirMode: 0o750,
      uid: 1,
      gid: 2,
      mode: 0o644,
      offset: 0,
      data,
      complete: true,
    });
  });

  test("plans parts, the last of which completes", () => {
    const data = new Uint8Array(3);
    expect(plan({ fileSize: 6n, data })).toMatchObject({ offset: 0, complete: false });
    expect(plan({ fileSize: 6n, offset: 3n, data })).toMatchObject({ offset: 3, complete: true });
  });

  test("plans an empty file", () =>
    expect(plan({ fileMode: 0o100600 })).toMatchObject({ kind: "file", complete: true }));

  test("plans a directory, which may hand its group on", () => {
    expect(plan({ fileMode: 0o042775 })).toMatchObject({ kind: "directory", mode: 0o2775 });
  });

  test.each(["..data/key", "a", "..2024_01/x"])("plans a link to %s", (target) => {
    expect(plan(link(target))).toMatchObject({ kind: "symlink", target });
  });

  test.each<[string, Fields, RegExp]>([
    ["a path outside", { path: "/etc/passwd" }, /must lie below/],
    ["a path with ..", { path: `${SHARE_DIR}/../../x` }, /must lie below/],
    ["the directory itself", { path: SHARE_DIR }, /must lie below/],
    ["a neighbour by prefix", { path: `${SHARE_DIR}x/a` }, /must lie below/],
    ["an absolute link", link("/etc"), /relative path/],
    ["a link upwards", link("../x"), /relative path/],
    ["a link that goes up on the way", link("a/../../x"), /relative path/],
    ["an empty link", link(""), /relative path/],
    ["a link with NUL", link("a\0b"), /relative path/],
    ["a link at the top", link("a", `${SHARE_DIR}/l`), /cannot stand directly/],
    ["a set-user-id file", { fileMode: 0o104755 }, /set-user-id/],
    ["a device node", { fileMode: 0o020644 }, /Only files/],
    ["a FIFO", { fileMode: 0o010644 }, /Only files/],
    ["a socket", { fileMode: 0o140644 }, /Only files/],
    ["data past the size", { fileSize: 2n, data: new Uint8Array(3) }, /within file_size/],
    ["an offset past the size", { fileSize: 2n, offset: 3n }, /within file_size/],
    ["a negative offset", { fileSize: 2n, offset: -1n, data: new Uint8Array(1) }, /within file_size/],
    ["a negative size", { fileSize: -1n }, /within file_size/],
    ["a part without data", { fileSize: 2n, offset: 1n }, /must have data/],
    ["a bad owner", { uid: -2 }, /user or group id/],
  ])("refuses %s", (_name, fields, message) => expect(() => plan(fields)).toThrow(message));
});

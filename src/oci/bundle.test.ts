import { describe, expect, test } from "vitest";
import { utf8Encode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import { SysError } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import { loadBundle } from "./bundle.ts";

const config = JSON.stringify({ ociVersion: "1.1.0", process: { args: ["sh"], cwd: "/" }, root: { path: "rootfs" } });

function files(content: string | Error, bundleExists = true): FilesPort {
  const readFile = (path: string, maxBytes?: number) => {
    if (content instanceof Error) throw content;
    expect(path).toBe("/b/config.json");
    expect(maxBytes).toBe(16 * 1024 * 1024);
    return utf8Encode(content);
  };
  return { readFile, exists: () => bundleExists } as unknown as FilesPort;
}

describe("loadBundle()", () => {
  test("finds the root file system", () => {
    expect(loadBundle(files(config), "/b").rootPath).toBe("/b/rootfs");
    expect(loadBundle(files(config.replace("rootfs", "/elsewhere")), "/b").rootPath).toBe("/elsewhere");
    expect(loadBundle(files(config.replace('"rootfs"', '""')), "/b").rootPath).toBeUndefined();
  });

  test.each(["b", "/a/../b", "", "/b\0"])("refuses the path %j", (path) => {
    expect(() => loadBundle(files(config), path)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test.each<[Error, string, boolean, string]>([
    [
      new SysError("open", 2, "ENOENT", "No such file", "/b/config.json"),
      "not-found",
      true,
      "There is no /b/config.json",
    ],
    [new SysError("open", 2, "ENOENT", "No such file", "/b/config.json"), "not-found", false, "There is no /b"],
    [new SysError("open", 20, "ENOTDIR", "Not a directory"), "invalid-argument", true, "/b is not a bundle"],
    [new SysError("open", 40, "ELOOP", "Too many links"), "invalid-argument", true, "/b is not a bundle"],
    [new KataError("resource-exhausted", "too big"), "resource-exhausted", true, "Cannot read /b/config.json"],
  ])("turns %s into %s", (cause, code, bundleExists, message) => {
    expect(() => loadBundle(files(cause, bundleExists), "/b")).toThrow(expect.objectContaining({ code, message }));
  });
});

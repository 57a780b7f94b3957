import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isNormalPath, isWithin, requireKataPath, tidyPath } from "./rules.ts";
import { planSysctls } from "./sysctl.ts";

describe("paths", () => {
  test.each([
    ["/", true],
    ["/a", true],
    ["/a/b.c", true],
    ["/...", true],
    ["/a..b", true],
    ["", false],
    ["a", false],
    ["/a/", false],
    ["/a//b", false],
    ["/a/./b", false],
    ["/a/..", false],
    ["/../a", false],
    ["/a\0", false],
    [`/${"a".repeat(4097)}`, false],
  ])("isNormalPath(%j) is %s", (path, expected) => expect(isNormalPath(path)).toBe(expected));

  test("isWithin() compares whole components", () => {
    expect(isWithin("/a/b", "/a")).toBe(true);
    expect(isWithin("/a", "/a")).toBe(true);
    expect(isWithin("/ab", "/a")).toBe(false);
    expect(isWithin("/ab", "/")).toBe(true);
  });

  test("tidyPath() never turns a path with .. into one without", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "..", ".", "", "b")), (parts) => {
        const path = `/${parts.join("/")}`;
        expect(tidyPath(path).split("/").includes("..")).toBe(parts.includes(".."));
      }),
    );
  });

  test.each([
    "/run/kata-containers",
    "/run/kata-containersx/a",
    "/run/kata-containers/../a",
    "run/kata-containers/a",
    "",
  ])("requireKataPath() refuses %j", (path) =>
    expect(() => requireKataPath(path, "f")).toThrow(/below \/run\/kata-containers/),
  );

  test("requireKataPath() tidies", () => {
    expect(requireKataPath("/run/kata-containers//a/./b/", "f")).toBe("/run/kata-containers/a/b");
  });
});

describe("planSysctls()", () => {
  test("knows the namespace of each", () => {
    expect(
      planSysctls({
        "net.ipv4.ip_forward": "1",
        "kernel.shmmax": "9",
        "fs.mqueue.msg_max": "3",
        "kernel.domainname": "d",
      }),
    ).toEqual([
      { path: "/proc/sys/net/ipv4/ip_forward", value: "1", scope: "guest" },
      { path: "/proc/sys/kernel/shmmax", value: "9", scope: "ipc" },
      { path: "/proc/sys/fs/mqueue/msg_max", value: "3", scope: "ipc" },
      { path: "/proc/sys/kernel/domainname", value: "d", scope: "uts" },
    ]);
  });
  test.each(["net/ipv4/x", "net..x", "..", "a", "", ".a.b", "net.ipv4.x "])("refuses %j", (key) => {
    expect(() => planSysctls({ [key]: "1" })).toThrow(/dotted words/);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KataError } from "../../base/error.ts";
import { UsageError } from "../args/usage-error.ts";
import { buildEnvironment, parseEnvironmentFile, parseEnvironmentFlag } from "./environment.ts";
import { renderHosts, renderResolvConf } from "./network-files.ts";
import { resolveUser } from "./user-database.ts";
import { parseTmpfs, parseVolume } from "./volume.ts";

describe("resolveUser", () => {
  const database = {
    passwd:
      "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\nbroken\nodd:x:-1:4294967296::/:\n# c\n12:x:7:8::/n:\n",
    group: "root:x:0:\nweb:x:33:app,other\ndocker:x:999:app\napp:x:1001:app\n",
  };
  test.each([
    ["", { uid: 0, gid: 0, additionalGids: [], home: "/root" }],
    ["app", { uid: 1000, gid: 1001, additionalGids: [33, 999], home: "/home/app" }],
    ["1000", { uid: 1000, gid: 1001, additionalGids: [33, 999], home: "/home/app" }],
    ["app:web", { uid: 1000, gid: 33, additionalGids: [], home: "/home/app" }],
    ["5", { uid: 5, gid: 0, additionalGids: [], home: "/" }],
    ["5:6", { uid: 5, gid: 6, additionalGids: [], home: "/" }],
    ["app:", { uid: 1000, gid: 1001, additionalGids: [33, 999], home: "/home/app" }],
    [":web", { uid: 0, gid: 33, additionalGids: [], home: "/root" }],
    ["12", { uid: 7, gid: 8, additionalGids: [], home: "/n" }],
    ["4294967294", { uid: 4294967294, gid: 0, additionalGids: [], home: "/" }],
  ])("%o", (text, expected) => {
    expect(resolveUser(text, database)).toEqual(expected);
  });

  test.each([
    ["nobody", "user", "nobody"],
    ["app:nogroup", "group", "nogroup"],
    ["4294967295", "user", "4294967295"],
    ["-1", "user", "-1"],
    ["9007199254740993", "user", "9007199254740993"],
    ["odd", "user", "odd"],
    ["0:4294967296", "group", "4294967296"],
    ["../x", "user", "../x"],
  ])("refuses %o and names the %s", (text, what, name) => {
    expect(() => resolveUser(text, database)).toThrow(`There is no ${what} "${name}"`);
  });

  test("works without the files", () => {
    expect(resolveUser("", { passwd: "", group: "" })).toEqual({ uid: 0, gid: 0, additionalGids: [], home: "/" });
  });

  test("throws nothing but KataError", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (text, passwd, group) => {
        try {
          const { uid, gid } = resolveUser(text, { passwd, group });
          expect(uid >= 0 && uid < 2 ** 32 - 1 && gid >= 0 && gid < 2 ** 32 - 1).toBe(true);
        } catch (error) {
          if (!(error instanceof KataError)) throw error;
        }
      }),
    );
  });
});

describe("buildEnvironment", () => {
  const parts = {
    image: ["A=image", "PATH=/img"],
    hostname: "web",
    home: "/root",
    terminal: false,
    flags: [],
    lookUp: () => undefined,
  };
  test("has docker's defaults, the image's settings over them and the user's over those", () => {
    expect(buildEnvironment(parts)).toEqual(["PATH=/img", "HOSTNAME=web", "A=image", "HOME=/root"]);
    expect(buildEnvironment({ ...parts, image: [], terminal: true })).toEqual([
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOSTNAME=web",
      "TERM=xterm",
      "HOME=/root",
    ]);
    const flags = ["A=user=1", "B=", "C", "D"].map(parseEnvironmentFlag);
    const lookUp = (name: string) => (name === "C" ? "own" : undefined);
    expect(buildEnvironment({ ...parts, flags, lookUp })).toEqual([
      "PATH=/img",
      "HOSTNAME=web",
      "A=user=1",
      "HOME=/root",
      "B=",
      "C=own",
    ]);
  });
  test.each(["", "=x", "A\0=b"])("-e refuses %o", (text) => {
    expect(() => parseEnvironmentFlag(text)).toThrow(UsageError);
  });
});

test("parseEnvironmentFile reads as docker does and names the bad line", () => {
  expect(parseEnvironmentFile("A=1\n# c\n\n  B=x y\r\nC\n", "f")).toEqual([
    { name: "A", value: "1" },
    { name: "B", value: "x y" },
    { name: "C", value: undefined },
  ]);
  expect(() => parseEnvironmentFile("A=1\nbad name=2\n", "f")).toThrow(/f, line 2/);
  expect(() => parseEnvironmentFile("=2\n", "f")).toThrow(/line 1/);
});

describe("parseVolume", () => {
  test.each([
    ["/a:/b", { source: "/a", destination: "/b", readOnly: false }],
    ["./a:/b:ro", { source: "./a", destination: "/b", readOnly: true }],
    [".:/b/:rw,z", { source: ".", destination: "/b", readOnly: false }],
    ["/a:/b//c:ro", { source: "/a", destination: "/b/c", readOnly: true }],
  ])("%s", (text, expected) => {
    expect(parseVolume(text)).toEqual(expected);
  });
  test.each(["", "/a", "/a:", "name:/b", "/a:/", "/a:b", "/a:/b/../c", "/a:/b:ro:x", "/a:/b:suid", "/a:/b\n", ":/b"])(
    "refuses %o",
    (text) => {
      expect(() => parseVolume(text)).toThrow(UsageError);
    },
  );
});

test("parseTmpfs takes known options only", () => {
  expect(parseTmpfs("/run:size=64m,mode=1777")).toEqual({ destination: "/run", options: ["size=64m", "mode=1777"] });
  expect(parseTmpfs("/run")).toEqual({ destination: "/run", options: [] });
  for (const bad of ["run", "/run:size=1,evil=2", "/", "/a/../b", "/run:"])
    expect(() => parseTmpfs(bad)).toThrow(UsageError);
});

test("the network files leave the host's loopback out", () => {
  expect(renderHosts("web")).toContain("127.0.0.1\tlocalhost web\n");
  expect(renderResolvConf("# x\nnameserver 127.0.0.53\nnameserver 10.0.0.1\nsearch a\n")).toBe(
    "nameserver 10.0.0.1\nsearch a\n",
  );
  expect(renderResolvConf("nameserver 127.0.0.1\n")).toBe("");
});

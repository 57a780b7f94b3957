import { describe, expect, test } from "vitest";
import { createFakeSys } from "../sys/fake.ts";
import { resolverLines } from "./resolver-lines.ts";
import type { Mount } from "./spec.ts";

describe("resolverLines()", () => {
  const mount = (source: string): Mount => ({ destination: "/etc/resolv.conf", type: "bind", source, options: [] });

  test("are those of the file that the specification mounts", () => {
    const sys = createFakeSys();
    sys.fake.addFile("/pod/resolv.conf", "nameserver 10.0.0.1\nsearch a b\n");
    expect(resolverLines(sys, [{ ...mount("/x"), destination: "/etc/hosts" }, mount("/pod/resolv.conf")])).toEqual([
      "nameserver 10.0.0.1",
      "search a b",
      "",
    ]);
  });

  test("are none without such a mount, and where its file is missing: the mount says that better", () => {
    expect(resolverLines(createFakeSys(), [])).toEqual([]);
    expect(resolverLines(createFakeSys(), [mount("/none")])).toEqual([]);
  });

  test("are not read from a file that no resolver would read", () => {
    const sys = createFakeSys();
    sys.fake.addFile("/pod/resolv.conf", "x".repeat(64 * 1024 + 1));
    expect(() => resolverLines(sys, [mount("/pod/resolv.conf")])).toThrow(/resolv.conf/);
  });
});

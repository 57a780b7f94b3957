import { describe, expect, test } from "vitest";
import { parseShimArgs } from "./args.ts";

const parse = (line: string) => parseShimArgs(line.split(" ").filter((word) => word !== ""));

describe("parseShimArgs()", () => {
  test("reads what containerd writes", () => {
    expect(
      parse("-namespace k8s.io -address /run/c.sock -publish-binary /usr/bin/containerd -id abc -debug start"),
    ).toEqual({
      action: "start",
      namespace: "k8s.io",
      address: "/run/c.sock",
      publishBinary: "/usr/bin/containerd",
      id: "abc",
      bundle: "",
      debug: true,
      socket: "",
      config: "",
    });
    expect(parse("-socket /s.sock -debug-socket /d.sock -config=/c.toml")).toMatchObject({
      action: "serve",
      socket: "/s.sock",
      config: "/c.toml",
    });
    expect(parse("--id=abc --bundle=/b delete")).toMatchObject({ action: "delete", id: "abc", bundle: "/b" });
    expect(parseShimArgs(["-address", "", "-id", "abc"])).toMatchObject({ action: "serve", address: "", id: "abc" });
  });

  test.each([
    ["-version", "version"],
    ["-v", "version"],
    ["--info", "info"],
    ["-h start", "help"],
    ["-version=false start", "start"],
    ["-debug=0 start", "start"],
    ["", "serve"],
  ])("%j asks for %s", (line, action) => {
    expect(parse(line).action).toBe(action);
  });

  test.each([
    ["-id", "flag needs an argument: -id"],
    ["-nope x", "flag provided but not defined: -nope"],
    ["-constructor", "flag provided but not defined: -constructor"],
    ["stop", "unknown action: stop"],
  ])("refuses %j", (line, message) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: "invalid-argument", message }));
  });
});

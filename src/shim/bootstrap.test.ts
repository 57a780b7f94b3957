import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { packAny } from "../wire/any.ts";
import { BootstrapParams, BootstrapResult, LogLevel } from "../wire/gen/containerd/bootstrap/v1/bootstrap.ts";
import { Any } from "../wire/gen/google/protobuf/any.ts";
import { Options } from "../wire/gen/runtimeoptions/v1/api.ts";
import { parseStartInput, startAnswer } from "./bootstrap.ts";
import { noInput } from "./start-input.ts";

const args = { id: "pod", namespace: "k8s.io" };
const options = packAny(Options, Options.create({ configPath: "/etc/kata.toml" }));
const bootstrap = (more: Parameters<typeof BootstrapParams.create>[0] = {}) =>
  BootstrapParams.encode(
    BootstrapParams.create({ instanceId: "pod", namespace: "k8s.io", extensions: [{ value: options }], ...more }),
  ).finish();

describe("parseStartInput()", () => {
  test("reads the bootstrap parameters of containerd 2.3", () => {
    expect(
      parseStartInput(
        bootstrap({
          logLevel: LogLevel.LOG_LEVEL_DEBUG,
          containerdTtrpcAddress: "/run/c.sock.ttrpc",
          socketDir: "/run/containerd/s",
        }),
        args,
      ),
    ).toEqual({
      answer: "protobuf",
      configPath: "/etc/kata.toml",
      debug: true,
      socketDir: "/run/containerd/s",
      eventsAddress: "/run/c.sock.ttrpc",
    });
    expect(parseStartInput(bootstrap({ logLevel: LogLevel.LOG_LEVEL_WARN }), args)).toMatchObject({
      debug: false,
      socketDir: undefined,
    });
  });

  test("reads the same as JSON", () => {
    const json = { instanceId: "pod", namespace: "k8s.io", logLevel: "LOG_LEVEL_DEBUG", socketDir: "/run/s" };
    expect(parseStartInput(utf8Encode(JSON.stringify(json)), args)).toMatchObject({
      answer: "json",
      debug: true,
      socketDir: "/run/s",
    });
  });

  test("reads the runtime options of containerd before 2.3", () => {
    expect(parseStartInput(Any.encode(options).finish(), args)).toEqual({ ...noInput, configPath: "/etc/kata.toml" });
  });

  test("does not believe parameters of another container", () => {
    // Runtime options decode as bootstrap parameters, with the type for an id.
    expect(parseStartInput(bootstrap({ instanceId: "other" }), args).answer).toBe("plain");
    expect(parseStartInput(bootstrap({ namespace: "other" }), args).answer).toBe("plain");
    expect(parseStartInput(utf8Encode('{"instanceId":"other","namespace":"k8s.io"}'), args)).toEqual(noInput);
  });

  test("ignores everything else", () => {
    for (const text of ["", "hello", "{", "null", "[]", '{"instanceId":7}', "\u0000"]) {
      expect(parseStartInput(utf8Encode(text), args)).toEqual(noInput);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parseStartInput(bytes, args).answer).toBe("plain");
      }),
    );
  });

  test.each(["run/s", "/run/../s", `/${"x".repeat(42)}`])("refuses %j as the directory of sockets", (socketDir) => {
    expect(() => parseStartInput(bootstrap({ socketDir }), args)).toThrow(
      expect.objectContaining({ code: "invalid-argument", field: "socket_dir" }),
    );
  });
});

describe("startAnswer()", () => {
  test("speaks the caller's language", () => {
    const address = "unix:///run/containerd/s/abc";
    expect(utf8Decode(startAnswer(address, "plain"))).toBe(address);
    const result = { version: 3, address, protocol: "ttrpc" };
    expect(JSON.parse(utf8Decode(startAnswer(address, "json")))).toEqual(result);
    expect(BootstrapResult.decode(startAnswer(address, "protobuf"))).toMatchObject(result);
  });
});

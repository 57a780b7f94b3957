import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { fromHex, toHex } from "../base/ids.ts";
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

/** What `ctr run` with containerd 2.3.4 sent for a container "web" and what it took as the answer, in hexadecimal. */
const captured = {
  withOptions: [
    "0a03776562120764656661756c742205322e332e342a252f72756e2f636f6e7461696e6572642f636f6e7461696e6572642e736f",
    "636b2e7474727063321f2f72756e2f636f6e7461696e6572642f636f6e7461696e6572642e736f636b3a192f7573722f6c6f6361",
    "6c2f62696e2f636f6e7461696e65726442480a460a1972756e74696d656f7074696f6e732e76312e4f7074696f6e73122912272f",
    "6574632f6b6174612d636f6e7461696e6572732f636f6e66696775726174696f6e2e746f6d6c4a112f72756e2f636f6e7461696e",
    "6572642f73",
  ].join(""),
  atDebugLevel: [
    "0a03776562120764656661756c7418fcffffffffffffffff012205322e332e342a252f72756e2f636f6e7461696e6572642f636f",
    "6e7461696e6572642e736f636b2e7474727063321f2f72756e2f636f6e7461696e6572642f636f6e7461696e6572642e736f636b",
    "3a192f7573722f6c6f63616c2f62696e2f636f6e7461696e6572644a112f72756e2f636f6e7461696e6572642f73",
  ].join(""),
  answer: [
    "08031259756e69783a2f2f2f72756e2f636f6e7461696e6572642f732f3263646534343530666133386337346635333630336530",
    "31643261666439303362333135613237613539366631326131353134313463643539383937643838331a057474727063",
  ].join(""),
};

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

  test("reads what containerd 2.3.4 wrote", () => {
    const told = { socketDir: "/run/containerd/s", eventsAddress: "/run/containerd/containerd.sock.ttrpc" };
    const names = { id: "web", namespace: "default" };
    expect(parseStartInput(fromHex(captured.withOptions), names)).toEqual({
      ...told,
      answer: "protobuf",
      debug: false,
      configPath: "/etc/kata-containers/configuration.toml",
    });
    expect(parseStartInput(fromHex(captured.atDebugLevel), names)).toEqual({
      ...told,
      answer: "protobuf",
      debug: true,
      configPath: "",
    });
  });

  test("reads the runtime options of containerd before 2.3", () => {
    expect(parseStartInput(Any.encode(options).finish(), args)).toEqual({ ...noInput, configPath: "/etc/kata.toml" });
  });

  test("refuses a configuration in place of a file", () => {
    const body = packAny(Options, Options.create({ configBody: utf8Encode("SystemdCgroup = true\n") }));
    for (const bytes of [Any.encode(body).finish(), bootstrap({ extensions: [{ value: body }] })]) {
      expect(() => parseStartInput(bytes, args)).toThrow(
        expect.objectContaining({ code: "unimplemented", field: "options.config_body" }),
      );
    }
    const other = packAny(Options, Options.create({ configPath: "/etc/kata.toml" }));
    const foreign = { ...other, typeUrl: "containerd.runc.v1.Options" };
    expect(parseStartInput(Any.encode(foreign).finish(), args)).toEqual(noInput);
  });

  test("does not believe parameters of another container", () => {
    // Runtime options decode as bootstrap parameters, with the type for an id.
    expect(parseStartInput(bootstrap({ instanceId: "other" }), args).answer).toBe("plain");
    expect(parseStartInput(bootstrap({ namespace: "other" }), args).answer).toBe("plain");
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
    expect(BootstrapResult.decode(startAnswer(address, "protobuf"))).toMatchObject({
      version: 3,
      address,
      protocol: "ttrpc",
    });
    const taken = "unix:///run/containerd/s/2cde4450fa38c74f53603e01d2afd903b315a27a596f12a151414cd59897d883";
    expect(toHex(startAnswer(taken, "protobuf"))).toBe(captured.answer);
  });
});

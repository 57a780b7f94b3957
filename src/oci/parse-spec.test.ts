import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { parseProcess, parseResources, parseSpec } from "./parse-spec.ts";

const minimal = { ociVersion: "1.0.2", process: { args: ["sh"], cwd: "/" }, root: { path: "rootfs" } };
type Json = Record<string, unknown>;

const parse = (more: Json) => parseSpec(JSON.stringify({ ...minimal, ...more }));
const inProcess = (more: Json) => ({ process: { ...minimal.process, ...more } });
const inMount = (more: Json) => ({ mounts: [{ destination: "/data", type: "bind", source: "/src", ...more }] });
const inLinux = (more: Json) => ({ linux: more });
const inResources = (more: Json) => inLinux({ resources: more });

/** `field: message` of the error. */
function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof KataError && error.code === "invalid-argument") return `${error.field}: ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("parseSpec()", () => {
  test("fills what is absent", () => {
    const { value: spec, warnings } = parse({});
    expect(warnings).toEqual([]);
    expect(spec.process).toMatchObject({ terminal: false, env: [], user: { uid: 0, gid: 0 }, oomScoreAdj: 0 });
    expect(spec.linux).toMatchObject({ namespaces: [], resources: undefined, sysctl: {} });
    expect(spec.hooks.prestart).toEqual([]);
  });

  test("takes Go's null for absent", () => {
    const { value: spec } = parse({ mounts: null, annotations: null, ...inProcess({ env: null, capabilities: null }) });
    expect(spec.mounts).toEqual([]);
    expect(spec.process?.capabilities).toBeUndefined();
  });

  test("keeps 64-bit numbers exact", () => {
    const json = JSON.stringify({ ...minimal, ...inProcess({ rlimits: [{ type: "RLIMIT_CORE", hard: 1, soft: 1 }] }) });
    const { value } = parseSpec(json.replace('"hard":1', '"hard":18446744073709551615'));
    expect(value.process?.rlimits[0]?.hard).toBe(18446744073709551615n);
  });

  test("leaves unknown capabilities out with a warning", () => {
    const { value, warnings } = parse(inProcess({ capabilities: { bounding: ["CAP_CHOWN", "CAP_MAGIC"] } }));
    expect(value.process?.capabilities?.bounding).toEqual(["CAP_CHOWN"]);
    expect(warnings).toEqual(['Unknown capability "CAP_MAGIC" is left out']);
  });

  test("names like __proto__ are harmless", () => {
    const text = JSON.stringify({ ...minimal, annotations: {} }).replace(
      '"annotations":{}',
      '"annotations":{"__proto__":"x","constructor":"y"},"__proto__":{"hostname":"evil"}',
    );
    const { value } = parseSpec(text);
    expect(Object.keys(value.annotations)).toEqual(["__proto__", "constructor"]);
    expect(value.hostname).toBe("");
    expect(({} as { hostname?: string }).hostname).toBeUndefined();
  });

  test("bounds nesting", () => {
    const deep = "[".repeat(1_000_000);
    expect(errorOf(() => parseSpec(deep))).toMatch(/config.json is not valid JSON/);
    expect(() =>
      parseSpec(JSON.stringify({ ...minimal, extra: JSON.parse("[".repeat(99) + "]".repeat(99)) })),
    ).not.toThrow();
  });

  test.each<[string, Json, string]>([
    ["an odd version", { ociVersion: "2.0" }, "ociVersion"],
    ["no program", inProcess({ args: [] }), "process.args"],
    ["an empty program", inProcess({ args: [""] }), "process.args"],
    ["a program with NUL", inProcess({ args: ["a\0b"] }), "process.args[0]"],
    ["a long argument", inProcess({ args: ["sh", "x".repeat(131_072)] }), "process.args[1]"],
    ["a long argument in UTF-8", inProcess({ args: ["sh", "\u20ac".repeat(50_000)] }), "process.args[1]"],
    ["too many bytes", inProcess({ env: Array(22).fill(`A=${"x".repeat(100_000)}`) }), "process.args"],
    ["env without =", inProcess({ env: ["A"] }), "process.env[0]"],
    ["env without a name", inProcess({ env: ["=A"] }), "process.env[0]"],
    ["env with NUL", inProcess({ env: ["A=\0"] }), "process.env[0]"],
    ["a relative cwd", inProcess({ cwd: "a" }), "process.cwd"],
    ["a cwd with ..", inProcess({ cwd: "/a/../b" }), "process.cwd"],
    ["no cwd", { process: { args: ["sh"] } }, "process.cwd"],
    ["user -1", inProcess({ user: { uid: -1 } }), "process.user.uid"],
    ["user 2^32 - 1", inProcess({ user: { uid: 4294967295 } }), "process.user.uid"],
    ["user 2^32", inProcess({ user: { gid: 4294967296 } }), "process.user.gid"],
    ["user 2^53 + 1", inProcess({ user: { additionalGids: [9007199254740992] } }), "process.user.additionalGids[0]"],
    [
      "a soft limit above the hard",
      inProcess({ rlimits: [{ type: "RLIMIT_CPU", soft: 2, hard: 1 }] }),
      "process.rlimits[0].soft",
    ],
    ["an unknown limit", inProcess({ rlimits: [{ type: "RLIMIT_X", soft: 1, hard: 1 }] }), "process.rlimits[0].type"],
    ["an OOM score of 1001", inProcess({ oomScoreAdj: 1001 }), "process.oomScoreAdj"],
    ["a mount at /", inMount({ destination: "/" }), "mounts[0].destination"],
    ["a mount at //./", inMount({ destination: "//./" }), "mounts[0].destination"],
    ["a mount with ..", inMount({ destination: "/a/../../b" }), "mounts[0].destination"],
    ["a relative mount", inMount({ destination: "a" }), "mounts[0].destination"],
    ["a mount over /proc/sys", inMount({ destination: "/proc/sys" }), "mounts[0].destination"],
    ["proc elsewhere", inMount({ type: "proc", destination: "/x" }), "mounts[0].destination"],
    ["a bind without source", inMount({ source: "" }), "mounts[0].source"],
    ["two options in one", inMount({ options: ["ro,suid"] }), "mounts[0].options[0]"],
    ["an option with a newline", inMount({ options: ["ro\nsuid"] }), "mounts[0].options[0]"],
    ["an unknown namespace", inLinux({ namespaces: [{ type: "net" }] }), "linux.namespaces[0].type"],
    ["a namespace twice", inLinux({ namespaces: [{ type: "pid" }, { type: "pid" }] }), "linux.namespaces[1].type"],
    ["an unknown device type", inLinux({ devices: [{ path: "/dev/x", type: "a" }] }), "linux.devices[0].type"],
    [
      "a negative device number",
      inLinux({ devices: [{ path: "/dev/x", type: "c", major: -1 }] }),
      "linux.devices[0].major",
    ],
    ["a hook with a relative path", { hooks: { prestart: [{ path: "x" }] } }, "hooks.prestart[0].path"],
    ["a hook with timeout 0", { hooks: { poststop: [{ path: "/x", timeout: 0 }] } }, "hooks.poststop[0].timeout"],
    ["a memory limit of 1 byte", inResources({ memory: { limit: 1 } }), "linux.resources.memory.limit"],
    ["a memory limit of -2", inResources({ memory: { limit: -2 } }), "linux.resources.memory.limit"],
    ["a memory limit of 2^63", inResources({ memory: { limit: 2 ** 63 } }), "linux.resources.memory.limit"],
    ["a period over a second", inResources({ cpu: { period: 1_000_001 } }), "linux.resources.cpu.period"],
    ["a CPU list with letters", inResources({ cpu: { cpus: "0;1" } }), "linux.resources.cpu.cpus"],
    ["a pids limit of -2", inResources({ pids: { limit: -2 } }), "linux.resources.pids.limit"],
    [
      "an odd page size",
      inResources({ hugepageLimits: [{ pageSize: "2", limit: 1 }] }),
      "linux.resources.hugepageLimits[0].pageSize",
    ],
    ["a sysctl with a slash", inLinux({ sysctl: { "net/ipv4": "1" } }), "linux.sysctl"],
    ["a sysctl with ..", inLinux({ sysctl: { "net..x": "1" } }), "linux.sysctl"],
    ["a masked path with ..", inLinux({ maskedPaths: ["/proc/../x"] }), "linux.maskedPaths[0]"],
    ["an unknown seccomp action", inLinux({ seccomp: { defaultAction: "ALLOW" } }), "linux.seccomp.defaultAction"],
    [
      "100,000 seccomp rules",
      inLinux({ seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: Array(100_000).fill({}) } }),
      "linux.seccomp.syscalls",
    ],
    ["a host name of 65 characters", { hostname: "a".repeat(65) }, "hostname"],
    ["a host name with NUL", { hostname: "a\0" }, "hostname"],
    ["a list for an object", { process: [] }, "process"],
  ])("refuses %s", (_name, more, field) => {
    expect(errorOf(() => parse(more))).toMatch(`${field}: config.json: ${field} `);
  });

  test("says the rule and the value", () => {
    expect(errorOf(() => parse(inResources({ memory: { limit: 4096 } })))).toBe(
      "linux.resources.memory.limit: config.json: linux.resources.memory.limit must be at least 1048576 bytes (1 MiB), got 4096",
    );
  });
});

test("parseProcess() checks as for a container", () => {
  expect(parseProcess('{"args":["true"],"cwd":"/"}').value.args).toEqual(["true"]);
  expect(errorOf(() => parseProcess('{"args":[],"cwd":"/"}'))).toMatch(/^args: process: args must name a program/);
});

test("parseResources() takes what an update carries", () => {
  expect(parseResources('{"memory":{"limit":33554432},"cpu":{"cpus":"0-1"}}')).toMatchObject({
    memory: { limit: 33554432n },
    cpu: { cpus: "0-1", quota: undefined },
  });
});

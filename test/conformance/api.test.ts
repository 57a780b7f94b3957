import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceDefinition } from "../../src/wire/codec.ts";
import { agentService, healthService } from "../../src/wire/services/agent.ts";
import { eventsService } from "../../src/wire/services/events.ts";
import { remoteHypervisorService } from "../../src/wire/services/remote.ts";
import { sandboxService } from "../../src/wire/services/sandbox.ts";
import { taskV2Service, taskV3Service } from "../../src/wire/services/task.ts";
import { type Api, compareApis, loadExpectedApi } from "./api.ts";
import { readProtoApi } from "./descriptors.ts";

const PROTO_DIR = fileURLToPath(new URL("../../proto", import.meta.url));

/** Messages we need that are not in upstream's API files, so the fixture has no record of them: names, or packages. */
const NOT_IN_FIXTURE = ["google.rpc.Status", "containerd.runtime.bootstrap.v1.", "runtime.v1."];

function readOwnApi(protoDir: string): Api {
  const api = readProtoApi(protoDir);
  for (const names of [api.messages, api.enums]) {
    for (const name of Object.keys(names)) {
      if (NOT_IN_FIXTURE.some((other) => (other.endsWith(".") ? name.startsWith(other) : name === other))) {
        delete names[name];
      }
    }
  }
  return api;
}

describe("proto files", () => {
  test("describe exactly the API of the fixture", () => {
    expect(compareApis(loadExpectedApi(), readOwnApi(PROTO_DIR))).toEqual([]);
  });

  test("give task v3 the messages of task v2, so that their codecs can be shared", () => {
    const { messages } = readOwnApi(PROTO_DIR);
    const ofVersion = (version: string): Api => ({
      services: {},
      enums: {},
      messages: Object.fromEntries(
        Object.entries(messages)
          .filter(([name]) => name.startsWith(`containerd.task.${version}.`))
          .map(([name, fields]) => [name.replace(`.${version}.`, ".vN."), fields]),
      ),
    });
    expect(Object.keys(ofVersion("v3").messages).length).toBeGreaterThan(20);
    expect(compareApis(ofVersion("v2"), ofVersion("v3"))).toEqual([]);
  });
});

describe("compareApis()", () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), "proto-copy-"));
  });
  afterAll(() => rmSync(copy, { recursive: true }));

  const planted: [change: string, file: string, from: string, to: string, report: string][] = [
    [
      "a number",
      "agent/health.proto",
      "agent_version = 2",
      "agent_version = 3",
      "agent_version: number must be 2, got 3",
    ],
    [
      "a type",
      "agent/agent.proto",
      "int64 file_size = 2",
      "uint64 file_size = 2",
      'file_size: type must be "int64", got "uint64"',
    ],
    [
      "a name",
      "agent/agent.proto",
      "string mount_point",
      "string mountpoint",
      'Storage: field "mount_point" is missing',
    ],
    [
      "an extra field",
      "ttrpc/request.proto",
      "bytes payload = 2;",
      "bytes payload = 2;\n  bytes more = 3;",
      'field "more" is not part',
    ],
    [
      "a label",
      "agent/oci.proto",
      "repeated string Args = 4",
      "string Args = 4",
      "Process.Args: repeated must be true, got absent",
    ],
    ["presence", "agent/agent.proto", "optional bool swap", "bool swap", "swap: optional must be true, got absent"],
    ["a oneof", "agent/oci.proto", "oneof ErrnoRet", "oneof Errno", 'errnoret: oneof must be "ErrnoRet", got "Errno"'],
    [
      "a map",
      "agent/oci.proto",
      "map<string, string> Sysctl",
      "map<string, bytes> Sysctl",
      'Sysctl: type must be "map<string,string>"',
    ],
    ["an enum value", "agent/types.proto", "v6 = 1", "v6 = 2", "types.IPFamily.v6: number must be 1, got 2"],
    ["a method", "agent/health.proto", "rpc Version(", "rpc GetVersion(", 'grpc.Health: method "Version" is missing'],
    [
      "a method's type",
      "containerd/task/v2/shim.proto",
      "rpc Kill(KillRequest)",
      "rpc Kill(WaitRequest)",
      "Kill: input must be",
    ],
    [
      "a stream",
      "containerd/task/v3/shim.proto",
      "returns (stream ",
      "returns (",
      "Events: serverStreaming must be true, got absent",
    ],
    [
      "a package",
      "runtimeoptions/v1/api.proto",
      "package runtimeoptions.v1",
      "package runtimeoptions.v2",
      "message runtimeoptions.v1.Options is missing",
    ],
  ];
  test.each(planted)("reports a planted change of %s", (_change, file, from, to, report) => {
    cpSync(PROTO_DIR, copy, { recursive: true });
    const path = join(copy, file);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
    const differences = compareApis(loadExpectedApi(), readOwnApi(copy));
    expect(differences.join("\n")).toContain(report);
    expect(differences.length).toBeLessThanOrEqual(2);
  });
});

describe("service tables", () => {
  const tables: ServiceDefinition[] = [
    agentService,
    healthService,
    taskV2Service,
    taskV3Service,
    sandboxService,
    eventsService,
    remoteHypervisorService,
  ];

  test("cover every service of the API, with its methods and streams", () => {
    const listed = tables.map(({ name, methods }) => [
      name,
      Object.entries(methods)
        .map(([method, { stream }]) => (stream ? `${method} stream` : method))
        .sort(),
    ]);
    const expected = Object.entries(loadExpectedApi().services).map(([name, methods]) => [
      name,
      methods.map((m) => (m.serverStreaming ? `${m.name} stream` : m.name)).sort(),
    ]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(expected));
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAgentParams, parseCommandLine } from "./kernel-params.ts";

describe("parseCommandLine()", () => {
  test("splits at blanks and keeps bare words", () => {
    expect(parseCommandLine("ro  quiet root=/dev/vda1\n")).toEqual([
      { key: "ro", value: undefined },
      { key: "quiet", value: undefined },
      { key: "root", value: "/dev/vda1" },
    ]);
  });

  test("keeps blanks inside double quotes and drops the quotes", () => {
    expect(parseCommandLine('dm-mod.create="dm-verity,,,ro,0 1 verity" "a b=c d" x=')).toEqual([
      { key: "dm-mod.create", value: "dm-verity,,,ro,0 1 verity" },
      { key: "a b", value: "c d" },
      { key: "x", value: "" },
    ]);
  });

  test("takes the rest as quoted when the closing quote is missing", () => {
    expect(parseCommandLine('a="b c')).toEqual([{ key: "a", value: "b c" }]);
  });

  test("never throws and never returns blanks outside quotes", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (text.includes('"')) return;
        for (const { key, value } of parseCommandLine(text)) expect(`${key}${value ?? ""}`).not.toMatch(/\s/);
      }),
    );
  });
});

describe("parseAgentParams()", () => {
  test("has upstream's defaults", () => {
    expect(parseAgentParams("console=hvc0 panic=1")).toEqual({
      logLevel: "info",
      debugConsole: false,
      debugConsolePort: 0,
      logPort: 0,
      serverPort: 1024,
      containerPipeBytes: 0,
      hotplugTimeoutMs: 3000,
      unknown: [],
      problems: [],
    });
  });

  test("reads every key it knows", () => {
    const params = parseAgentParams(
      "agent.log=debug agent.debug_console agent.debug_console_vport=1026 agent.log_vport=1025 agent.devmode=false " +
        "agent.container_pipe_size=2097152 agent.hotplug_timeout=10 agent.launch_process_timeout=2 agent.server_addr=vsock://-1:2048",
    );
    expect(params).toMatchObject({
      logLevel: "debug",
      debugConsole: true,
      debugConsolePort: 1026,
      logPort: 1025,
      containerPipeBytes: 2097152,
      hotplugTimeoutMs: 10_000,
      serverPort: 2048,
      problems: [],
    });
  });

  test("lets the last of a repeated key win", () => {
    expect(parseAgentParams("agent.log=debug agent.log=error").logLevel).toBe("error");
  });

  test.each([
    ["agent.log=loud"],
    ["agent.hotplug_timeout=0"],
    ["agent.hotplug_timeout=1e3"],
    ["agent.container_pipe_size=-1"],
    ["agent.container_pipe_size"],
    ["agent.debug_console=maybe"],
    ["agent.server_addr=unix:///x"],
    ["agent.log_vport=99999999999"],
  ])("keeps the default and reports %s", (text) => {
    const params = parseAgentParams(text);
    expect(params.problems).toHaveLength(1);
    expect({ ...params, problems: [] }).toEqual(parseAgentParams(""));
  });

  test("collects unknown agent keys only", () => {
    const params = parseAgentParams("agent.cdh_api_timeout=5 agent.mem_agent_enable=1 agent.bogus=1 other.bogus=2");
    expect(params.unknown).toEqual(["agent.bogus"]);
  });
});

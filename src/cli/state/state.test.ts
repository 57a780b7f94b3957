import { describe, expect, test } from "vitest";
import { parseName } from "../args/values.ts";
import { generateName } from "./names.ts";
import { type ContainerRecord, parseRecord, renderRecord } from "./record.ts";
import { resolveContainer } from "./resolve.ts";

const record: ContainerRecord = {
  id: "ab".repeat(32),
  name: "web",
  rootfs: { kind: "image", name: "busybox:latest", id: "sha256:x" },
  command: ["sh"],
  createdMs: 1,
  labels: { tier: "front" },
  autoRemove: false,
  detached: true,
  terminal: false,
  stopSignal: 15,
  stopTimeoutSeconds: 10,
  configPath: undefined,
  state: { status: "exited", startedMs: 2, finishedMs: 3, exitCode: 4 },
};

describe("a container's record", () => {
  test("survives writing and reading", () => {
    expect(parseRecord(renderRecord(record))).toEqual({ ...record, version: 1 });
  });
  test.each([
    ["", /damaged/],
    ["{", /damaged/],
    ["null", /damaged/],
    ["[]", /damaged/],
    ["{}", /damaged/],
  ])("refuses %o", (text, message) => {
    expect(() => parseRecord(text)).toThrow(message);
  });
  test("of a newer version is refused with both versions", () => {
    expect(() => parseRecord(renderRecord(record).replace('"version":1', '"version":2'))).toThrow(/version 2.*knows 1/);
  });
});

describe("resolveContainer", () => {
  const containers = [
    { id: "abc1".padEnd(64, "0"), name: "web" },
    { id: "abc2".padEnd(64, "0"), name: "db" },
    { id: "def0".padEnd(64, "0"), name: "abc1" },
  ];
  test.each([
    ["web", "web"],
    ["abc2", "db"],
    ["d", "abc1"],
    ["abc1", "abc1"],
    ["abc1".padEnd(64, "0"), "web"],
  ])("%s is %s", (reference, name) => {
    expect(resolveContainer(containers, reference).name).toBe(name);
  });
  test("an ambiguous beginning is refused with the candidates", () => {
    expect(() => resolveContainer(containers, "abc")).toThrow(/Several/);
  });
  test.each(["", "wbe", "../web", "x".repeat(5000)])("%o is not found", (reference) => {
    expect(() => resolveContainer(containers, reference)).toThrow(/There is no container/);
  });
  test("suggests the nearest name", () => {
    try {
      resolveContainer(containers, "wbe");
    } catch (error) {
      expect(error).toMatchObject({ hint: "did you mean web? All of them: kata-ctl ps -a" });
    }
  });
});

test("generateName gives valid names and avoids those that are taken", () => {
  let seed = 1;
  const next = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed >> 8;
  };
  const random = (bytes: number) => Uint8Array.from({ length: bytes }, next);
  const taken = new Set<string>();
  for (let index = 0; index < 2000; index++) {
    const name = generateName(random, (candidate) => taken.has(candidate));
    expect(taken.has(name)).toBe(false);
    expect(parseName(name)).toBe(name);
    taken.add(name);
  }
});

import { describe, expect, test } from "vitest";
import { hypervisorTypesByName } from "../hypervisor-type.ts";
import { aliases } from "../schema/aliases.ts";
import { allKeys } from "../schema/catalog.ts";
import { retiredKeys, retiredTables } from "../schema/retired.ts";
import { annotationName, pathText } from "./explain.ts";
import { findKeys, nearestKey, otherPaths } from "./find-key.ts";

const found = (word: string) => findKeys(word).map(({ kind, path }) => `${kind} ${pathText(path)}`);
const written = (path: readonly string[], hypervisor: string) =>
  path.map((part) => (part === "*" ? hypervisor : part)).join(".");

describe("findKeys()", () => {
  test("knows every key by its path, with every name of a hypervisor, and by its annotations", () => {
    for (const [path, key] of allKeys()) {
      const wanted = `key ${pathText(path)}`;
      for (const name of [...hypervisorTypesByName.keys(), "NAME"])
        expect(found(written(path, name))).toEqual([wanted]);
      expect(found(path.at(-1) ?? "")).toContain(wanted);
      for (const name of key.annotation?.names ?? []) expect(found(annotationName(name))).toContain(wanted);
    }
  });

  test("knows every other name, and whatever is gone", () => {
    for (const { from, to } of aliases) {
      const kind = findKeys(written(to, "qemu")).map((match) => match.kind);
      if (kind.includes("key")) expect(found(written(from, "clh"))).toContain(`key ${pathText(to)}`);
    }
    for (const { path } of [...retiredKeys, ...retiredTables]) {
      expect(found(written(path, "qemu"))).toContain(`retired ${pathText(path)}`);
    }
  });

  test.each([
    ["runtime", ["table runtime"]],
    ["[runtime]", ["table runtime"]],
    ["hypervisor.qemu", ["table hypervisor.NAME"]],
    ["agent.kata", ["table agent.kata"]],
    ["kata.enable_tracing", ["key agent.kata.enable_tracing"]],
    ["hypervisor.path", ["key hypervisor.NAME.path"]],
    ["hypervisor.qemo.path", []],
    ["", []],
    [".", []],
    ["toString", []],
    ["__proto__.constructor", []],
  ])("of %j", (word, expected) => {
    expect(found(word)).toEqual(expected);
  });
});

test.each([
  ["defualt_vcpus", "default_vcpus"],
  ["hypervisor.qemu.kernel_parms", "kernel_params"],
  ["io.katacontainers.config.hypervisor.default_max_vcpu", "default_maxvcpus"],
  ["qqqqqqqq", undefined],
])("nearestKey(%j) is %j", (word, meant) => {
  expect(nearestKey(word)).toBe(meant);
});

test("otherPaths() expands other names of tables", () => {
  expect(otherPaths(["factory", "enable_template"])).toEqual([["hypervisor", "*", "factory", "enable_template"]]);
  expect(otherPaths(["hypervisor", "*", "path"])).toEqual([]);
});

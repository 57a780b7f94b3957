import { describe, expect, test } from "vitest";
import { TomlFloat } from "../toml/value.ts";
import { aliases, aliasOf } from "./aliases.ts";
import { keysOfTable } from "./catalog.ts";

/** Whether it is a key or a table. */
function known(path: readonly string[]): boolean {
  return keysOfTable(path) !== undefined || Object.hasOwn(keysOfTable(path.slice(0, -1)) ?? {}, path.at(-1) ?? "");
}

describe("other spellings", () => {
  test.each(aliases.map((alias) => [alias.from.join("."), alias] as const))("%s lead to a key", (_, { from, to }) => {
    const path = aliasOf(from.map((part) => (part === "*" ? "clh" : part)))?.path ?? [];
    expect(path).toEqual(to.map((part) => (part === "*" ? "clh" : part)));
    expect(known(path)).toBe(true);
    expect(known(from)).toBe(false);
  });

  test.each([
    ["agent.kata.reconnect_timeout_ms", 3000, 10],
    ["agent.kata.reconnect_timeout_ms", 0n, 10],
    ["agent.kata.reconnect_timeout_ms", -1, -1],
    ["agent.kata.reconnect_timeout_ms", 45_001, 46],
    ["agent.kata.cdh_api_timeout_ms", 50_000, 50],
    ["agent.kata.cdh_api_timeout_ms", 1, 1],
    ["agent.kata.cdh_api_timeout_ms", -1n, -1n],
    ["agent.kata.cdh_api_timeout_ms", 2n ** 63n - 1n, 9_223_372_036_854_776n],
  ])("%s = %s is %s seconds", (path, value, seconds) => {
    expect(aliasOf(path.split("."))?.convert?.(value)).toBe(seconds);
  });

  test.each([true, "45", [[]], new TomlFloat(45)])("no time is made of %j", (value) => {
    expect(aliasOf(["agent", "kata", "reconnect_timeout_ms"])?.convert?.(value)).toBeUndefined();
  });

  test("are not known in other tables", () => {
    expect(aliasOf(["runtime", "seccomp_sandbox"])).toBeUndefined();
    expect(aliasOf(["hypervisor", "qemu", "constructor"])).toBeUndefined();
  });
});

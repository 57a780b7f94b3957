import { describe, expect, test } from "vitest";
import { hypervisorTypes } from "../hypervisor-type.ts";
import { keysOfTable } from "./catalog.ts";
import { retiredKey, retiredKeys, retiredTable, retiredTables } from "./retired.ts";

describe("keys of former versions", () => {
  test.each([...retiredKeys, ...retiredTables].map(({ path, note }) => [path.join("."), note] as const))(
    "%s are explained",
    (path, note) => {
      expect(note).toMatch(/^ended with Kata \d+\.\d+: .{20,}[^.]$/);
      const [table, name] = [path.split(".").slice(0, -1), path.split(".").at(-1) ?? ""];
      expect(keysOfTable(table) ?? {}).not.toHaveProperty(name);
      expect(keysOfTable(path.split("."))).toBeUndefined();
    },
  );

  test.each(["use_vsock", "enable_swap", "file_mem_backend", "valid_file_mem_backends", "hotplug_vfio_on_root_bus"])(
    "%s is known for every hypervisor",
    (name) => {
      for (const type of hypervisorTypes) expect(retiredKey(["hypervisor", type, name])).toBeDefined();
      expect(retiredKey(["runtime", name])).toBeUndefined();
    },
  );

  test("whole tables are known", () => {
    expect(retiredTable(["proxy"])).toContain("Kata 2.0");
    expect(retiredTable(["runtime"])).toBeUndefined();
  });
});

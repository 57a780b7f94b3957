import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type UpstreamKey, upstreamConfig } from "../../../test/support/upstream-config.ts";
import { hypervisorTypes } from "../hypervisor-type.ts";
import { parseToml } from "../toml/parse.ts";
import { TomlTable, type TomlValue } from "../toml/value.ts";
import { accept, acceptValue } from "./accept.ts";
import { aliasOf } from "./aliases.ts";
import { agentKeys, allKeys, catalog, hypervisorKeys, keysFor, keysOfTable } from "./catalog.ts";
import { defaultOf, type Key, type Keys } from "./key.ts";

const upstream = upstreamConfig();
const ours: readonly (readonly [path: string, key: Key])[] = [...allKeys()].map(([path, key]) => [path.join("."), key]);

/** What upstream calls so, and whether it is a key of its own here or another spelling. */
interface Located {
  readonly path: string;
  readonly key: Key;
  readonly convert: (value: TomlValue) => TomlValue | undefined;
  readonly alias: boolean;
}

function locate({ table, key: name }: UpstreamKey): Located | undefined {
  const path = [...table.replace("*", "qemu").split("."), name];
  const inTables = hypervisorKeys.guest_extension_images.shape;
  const ownTable = table === "hypervisor.*.guest_extension_images" && inTables.kind === "tables";
  const found = ownTable ? keyIn(inTables.keys, name) : keyAt(path);
  if (found !== undefined) return { path: path.join("."), key: found, convert: (value) => value, alias: false };
  const alias = aliasOf(path);
  if (alias !== undefined) {
    const target = keyAt(alias.path);
    const convert = alias.convert ?? ((value) => value);
    return target && { path: alias.path.join("."), key: target, convert, alias: true };
  }
  const nested = aliasOf(path.slice(0, -1));
  const target = nested && keyAt([...nested.path, name]);
  return target && { path: path.join("."), key: target, convert: (value) => value, alias: true };
}

function keyAt(path: readonly string[]): Key | undefined {
  const keys = keysOfTable(path.slice(0, -1));
  return keys && keyIn(keys, path.at(-1) ?? "");
}

function keyIn(keys: Keys, name: string): Key | undefined {
  return Object.hasOwn(keys, name) ? keys[name] : undefined;
}

function tomlValue(text: string): TomlValue {
  const { table, mistakes } = parseToml(`x = ${text}`);
  expect(mistakes, text).toEqual([]);
  const value = table.get("x")?.value;
  if (value === undefined) throw new Error(`There is no value in ${text}`);
  return value;
}

/** The value as a key has it, or the text of what is not accepted. */
function accepted({ key, convert }: Located, text: string): unknown {
  const value = convert(tomlValue(text));
  const got = value === undefined ? undefined : accept(key, value);
  return got === undefined ? `not accepted: ${text}` : got;
}

describe("upstream's keys", () => {
  test("are all known, by their own name or another", () => {
    expect(upstream.keys).toHaveLength(202);
    expect(upstream.keys.filter((key) => locate(key) === undefined).map(({ key }) => key)).toEqual([]);
  });

  test("are other spellings only where there is an alias", () => {
    const spellings = upstream.keys.filter((key) => locate(key)?.alias).map(({ table, key }) => `${table}.${key}`);
    expect(spellings.sort()).toEqual([
      "agent.kata.cdh_api_timeout_ms",
      "agent.kata.create_container_timeout",
      "agent.kata.mem_agent.mem_agent_enable",
      "agent.kata.reconnect_timeout_ms",
      "hypervisor.*.factory.enable_template",
      "hypervisor.*.factory.template_path",
      "hypervisor.*.hypervisor_socket",
      "hypervisor.*.hypervisor_timeout",
      "hypervisor.*.seccomp_sandbox",
      "runtime.passfd_listener_port",
    ]);
  });

  test("have upstream's defaults", () => {
    const different = upstream.keys.flatMap((one) => {
      const located = locate(one);
      if (located === undefined || located.alias) return [];
      const wanted = one.fallback === null ? undefined : accepted(located, one.fallback);
      return Object.is(show(wanted), show(located.key.fallback))
        ? []
        : [`${located.path}: ${show(located.key.fallback)} instead of ${show(wanted)}`];
    });
    expect(different).toEqual([]);
  });

  test("take every value that a file of upstream's has, and every value that is documented", () => {
    const refused = upstream.keys.flatMap((one) => {
      const located = locate(one);
      if (located === undefined) return [];
      const values = [...Object.keys(one.shipped), ...one.allowed].map((text) => accepted(located, text));
      return values.filter((value) => String(value).startsWith("not accepted")).map((value) => `${one.key} ${value}`);
    });
    expect(refused).toEqual([]);
  });

  test("are for the hypervisors that upstream has them for, and in whose files they are", () => {
    const missing = upstream.keys.flatMap((one) => {
      const located = locate(one);
      const known = located?.key.hypervisors;
      if (known === undefined) return [];
      const inFiles = Object.values(one.shipped)
        .flat()
        .flatMap((index) => upstream.files[index]?.hypervisor ?? []);
      const lacking = [...new Set([...one.hypervisors, ...inFiles])].filter((type) => !known.includes(type));
      return lacking.map((type) => `${one.key} for ${type}`);
    });
    expect(missing).toEqual([]);
  });

  test("hold their annotations", () => {
    const lost = upstream.keys.flatMap((one) => {
      const names = locate(one)?.key.annotation?.names ?? [];
      return one.annotations.filter((name) => !names.includes(name));
    });
    expect(lost).toEqual([]);
  });

  test("keep the numbers that no double can hold", () => {
    const key = upstream.keys.find(({ key }) => key === "compact_force_times");
    expect(Object.keys(key?.shipped ?? {})).toEqual(["9223372036854775807"]);
    const located = key && locate(key);
    expect(located && accepted(located, "9223372036854775807")).toBe(9223372036854775807n);
  });
});

describe("annotations", () => {
  const names = ours.flatMap(([, { annotation }]) => annotation?.names ?? []);

  test("of both runtimes belong to a key or are about something else", () => {
    const known = new Set([...names, ...upstream.annotations.other]);
    const all = [...upstream.annotations.go, ...upstream.annotations["runtime-rs"]];
    expect(new Set(all).size).toBe(84);
    expect(all.filter((name) => !known.has(name))).toEqual([]);
  });

  test("are of one key each", () => {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each(ours.filter(([, { annotation }]) => annotation?.allowedBy !== undefined))(
    "that set %s are checked against a list of the same table",
    (path, { annotation }) => {
      const list = keyAt([...path.split(".").slice(0, -1), annotation?.allowedBy ?? ""]);
      expect(list?.shape).toMatchObject({ kind: "list", of: { kind: "text" } });
      expect(list?.fallback).toEqual([]);
      expect(list?.shipped).toBeUndefined();
    },
  );

  test("name a path of the host only if a list allows it", () => {
    const open = ours.filter(
      ([, { shape, annotation }]) =>
        shape.kind === "path" &&
        annotation !== undefined &&
        annotation.allowedBy === undefined &&
        annotation.never === undefined,
    );
    expect(open.map(([path]) => path)).toEqual([]);
  });

  test.each([
    ["hypervisor.*.virtio_fs_extra_args", "arguments of a program on the host"],
    ["hypervisor.*.guest_hook_path", "as root in the guest"],
    ["hypervisor.*.prefetch_list_path", "a path of the host"],
    ["runtime.hypervisor_name", "RuntimeClass"],
    ["runtime.agent_name", "RuntimeClass"],
    ["runtime.name", "RuntimeClass"],
    ["runtime.sandbox_bind_mounts", "paths of the host"],
    ["runtime.shared_mounts", "files of a container"],
    ["runtime.disable_new_netns", "the host's network"],
  ])("never set %s", (path, why) => {
    expect(ours.find(([name]) => name === path)?.[1].annotation?.never).toContain(why);
  });

  test("in milliseconds become seconds", () => {
    const convert = agentKeys.cdh_api_timeout.annotation?.convert;
    expect([1n, 1000n, 50_001n].map((value) => convert?.(value))).toEqual([1n, 1n, 51n]);
    expect(convert?.("50")).toBeUndefined();
  });
});

describe("every key", () => {
  test.each(ours)("%s has only defaults that it accepts itself", (_, key) => {
    const values = [
      ...(key.fallback === undefined ? [] : [key.fallback]),
      ...(key.shipped === undefined ? [] : [key.shipped]),
      ...(key.defaults ?? []).map(({ value }) => value),
      ...(key.limits ?? []).flatMap(({ values = [], harmless = [] }) => [...values, ...harmless]),
    ];
    for (const value of values) expect(acceptValue(key.shape, value as TomlValue)).toEqual(value);
  });

  test.each(ours)("%s says what it means in one sentence", (_, { meaning, rule, limits = [] }) => {
    expect(meaning).toMatch(/^[A-Zv].{10,}[^.]$/);
    expect(meaning).not.toMatch(/\. [A-Z]/);
    expect(rule).toMatch(/^must be .*[^.]$/);
    for (const { level, why } of limits) {
      expect(why).toMatch(level === "ignored" ? /^has no effect: .*[^.]$/ : /^is not possible: .*[^.]$/);
    }
  });

  test.each(ours)("%s is for hypervisors that exist", (_, { hypervisors = [], defaults = [] }) => {
    const named = [...hypervisors, ...defaults.flatMap((one) => one.hypervisors ?? [])];
    expect(named.filter((type) => !hypervisorTypes.includes(type))).toEqual([]);
    expect(new Set(hypervisors).size).toBe(hypervisors.length);
    if (hypervisors.length > 0)
      expect(hypervisors).toEqual(expect.arrayContaining(defaults.flatMap((one) => one.hypervisors ?? [])));
  });

  test("that upstream does not have says so", () => {
    const theirs = new Set(upstream.keys.map((key) => locate(key)?.path.replace(".qemu.", ".*.")));
    const own = ours.filter(([path, { ours: said }]) => !said && !theirs.has(path)).map(([path]) => path);
    expect(own).toEqual(["hypervisor.*.guest_extension_images"]);
    expect(ours.filter(([path, { ours: said }]) => said && theirs.has(path))).toEqual([]);
  });

  test("of the machine is in one group only", async () => {
    const directory = path.join(import.meta.dirname, "hypervisor");
    const files = readdirSync(directory).filter((file) => file.endsWith("-keys.ts"));
    const groups = await Promise.all(
      files.map(async (file) => Object.values<Keys>(await import(path.join(directory, file)))),
    );
    const names = groups.flat().flatMap((keys) => Object.keys(keys));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.sort()).toEqual(Object.keys(hypervisorKeys).sort());
  });
});

describe("defaults that differ", () => {
  test.each([
    ["path", "clh", "amd64", "/usr/bin/cloud-hypervisor"],
    ["path", "qemu", "arm64", "/usr/bin/qemu-system-aarch64"],
    ["path", "qemu", "amd64", "/usr/bin/qemu-system-x86_64"],
    ["machine_type", "qemu", "s390x", "s390-ccw-virtio"],
    ["machine_type", "stratovirt", "arm64", "microvm"],
    ["shared_fs", "firecracker", "amd64", "none"],
    ["shared_fs", "remote", "amd64", "none"],
    ["shared_fs", "dragonball", "amd64", "inline-virtio-fs"],
    ["block_device_driver", "firecracker", "amd64", "virtio-mmio"],
    ["block_device_driver", "qemu", "amd64", "virtio-scsi"],
  ] as const)("%s of %s on %s is %s", (name, hypervisor, arch, value) => {
    expect(defaultOf<string>(hypervisorKeys[name], hypervisor, arch)).toBe(value);
  });
});

describe("bounds", () => {
  test.each([
    ["hypervisor.*.pcie_root_port", ["0", "16"], ["-1", "17", '"1"', "1.0"]],
    ["hypervisor.*.default_bridges", ["0", "5"], ["6"]],
    ["hypervisor.*.network_queues", ["1", "256"], ["0", "257"]],
    ["hypervisor.*.block_device_logical_sector_size", ["0", "512", "65536"], ["1", "256", "513", "131072"]],
    ["hypervisor.*.virtio_fs_queue_size", ["0", "2", "1024"], ["1", "1000", "2048"]],
    ["hypervisor.*.default_memory", ["96", "512"], ["0", "95", "-1", "1.5"]],
    ["hypervisor.*.default_vcpus", ["-1", "0", "0.5", "240"], ["240.5", "nan", "inf", '"1"']],
    ["hypervisor.*.tdx_quote_generation_service_socket_port", ["4294967295"], ["4294967296"]],
    ["hypervisor.*.snp_guest_policy", ["0", "196608"], ["-1"]],
    ["hypervisor.*.numa_mapping", ['["0-1", "2", "0,3"]'], ['["a"]', '["0-"]', '[""]']],
    ["hypervisor.*.kernel", ['"/vmlinux"'], ['""', '"vmlinux"']],
    ["hypervisor.*.image", ['""', '"/guest.img"'], ['"guest.img"']],
    ["hypervisor.*.guest_extension_images", ['[{ name = "coco", path = "/a.img" }]'], ['[{ name = "a b" }]', "[1]"]],
    ["agent.kata.mem_agent.compact_order", ["0", "255"], ["256"]],
    ["agent.kata.mem_agent.memcg_swappiness_max", ["200"], ["201"]],
    ["agent.kata.mem_agent.compact_psi_percent_limit", ["100"], ["101"]],
    ["runtime.hypervisor_name", ['"cloud-hypervisor"', '"qemu"', '""'], ['"quemu"']],
  ])("%s takes %j and not %j", (path, good, bad) => {
    const key = ours.find(([name]) => name === path)?.[1];
    if (key === undefined) throw new Error(`There is no ${path}`);
    expect(good.filter((text) => accept(key, tomlValue(text)) === undefined)).toEqual([]);
    expect(bad.filter((text) => accept(key, tomlValue(text)) !== undefined)).toEqual([]);
  });

  test("the minimum of memory is part of the rule", () => {
    expect(hypervisorKeys.default_memory.rule).toBe("must be a whole number of MiB; the minimum is 96 MiB");
  });
});

describe("limits", () => {
  const plain = upstream.files.findIndex(({ name }) => name === "go/configuration-qemu.toml");

  /** Level and key of what is said about upstream's plain file for QEMU. */
  function told(): string[] {
    return upstream.keys.flatMap((one) => {
      const located = locate(one);
      const [text] = Object.entries(one.shipped).find(([, files]) => files.includes(plain)) ?? [];
      if (located === undefined || text === undefined) return [];
      const value = accepted(located, text);
      const limit = located.key.limits?.find(({ values, harmless = [] }) =>
        values === undefined
          ? ![located.key.fallback, ...harmless].some((one) => show(one) === show(value))
          : values.some((one) => show(one) === show(value)),
      );
      return limit === undefined ? [] : [`${limit.level} ${one.key} = ${text}`];
    });
  }

  test("let upstream's plain file for QEMU start", () => {
    expect(told()).toEqual([
      'ignored block_device_driver = "virtio-scsi"',
      "ignored static_sandbox_resource_mgmt = false",
    ]);
  });
});

describe("keysFor", () => {
  test("leaves out what other hypervisors have", () => {
    const [machine] = keysFor("qemu");
    expect(machine?.path).toEqual(["hypervisor", "qemu"]);
    expect(machine?.keys).toHaveProperty("machine_accelerators");
    expect(machine?.keys).not.toHaveProperty("jailer_path");
    expect(keysFor("firecracker")[0]?.keys).toHaveProperty("jailer_path");
  });

  test("has the same tables for all", () => {
    for (const type of hypervisorTypes) expect(keysFor(type)).toHaveLength(catalog.length);
  });
});

function show(value: unknown): string {
  if (value instanceof TomlTable) return "a table";
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner)) ?? "unset";
}

import { describe, expect, test } from "vitest";
import { config, h, read, told } from "./testing/pod.ts";

describe("what a pod may not set", () => {
  test.each<[annotations: Record<string, string>, enabled: string[], line: string]>([
    [
      { [`${h}default_vcpus`]: "2" },
      ["default_memory"],
      `error annotation-refused annotation ${h}default_vcpus  hypervisor.qemu.default_vcpus: is not allowed here: no expression of enable_annotations in [hypervisor.qemu] matches "default_vcpus"; the operator can add one`,
    ],
    [
      { [`${config}runtime.disable_guest_seccomp`]: "true" },
      ["default"],
      `error annotation-refused annotation ${config}runtime.disable_guest_seccomp  runtime.disable_guest_seccomp: is not allowed here: no expression of enable_annotations in [hypervisor.qemu] matches "disable_guest_seccomp"; the operator can add one`,
    ],
    [
      { [`${h}kernel_hash`]: "0".repeat(128) },
      ["^kernel$"],
      `error annotation-refused annotation ${h}kernel_hash  is not allowed here: no expression of enable_annotations in [hypervisor.qemu] matches "kernel_hash"; the operator can add one`,
    ],
    [
      { [`${h}virtio_fs_extra_args`]: '["-o","source=/"]' },
      [".*"],
      `error annotation-refused annotation ${h}virtio_fs_extra_args  hypervisor.qemu.virtio_fs_extra_args: is not for pods`,
    ],
    [
      { "io.katacontainers.config_path": "/tmp/x.toml" },
      [".*"],
      "error annotation-refused annotation io.katacontainers.config_path  names the configuration file, which only the operator chooses",
    ],
    [
      { "io.katacontainers.pkg.oci.bundle_path": "/x" },
      [".*"],
      "error annotation-refused annotation io.katacontainers.pkg.oci.bundle_path  is set by the runtime, not by a pod",
    ],
    [
      { [`${h}enable_annotations`]: '[".*"]' },
      [".*"],
      `error annotation-refused annotation ${h}enable_annotations  hypervisor.qemu.enable_annotations: is set in the configuration file only`,
    ],
    [
      { [`${h}firmware`]: "/usr/share/ovmf.fd" },
      [".*"],
      `error annotation-refused annotation ${h}firmware  hypervisor.qemu.firmware: names a path of the host, which no pod may do`,
    ],
    [
      { [`${h}path`]: "/bin/sh" },
      [".*"],
      `error annotation-refused annotation ${h}path  hypervisor.qemu.path: is not allowed here: no pattern of valid_hypervisor_paths in [hypervisor.qemu] matches it; the operator can add one; got "/bin/sh"`,
    ],
    [
      { [`${h}jailer_path`]: "/x" },
      [".*"],
      `note not-for-hypervisor annotation ${h}jailer_path  hypervisor.qemu.jailer_path: has no effect with QEMU`,
    ],
    [
      { [`${h}default_vcpu`]: "2" },
      [".*"],
      `error annotation-unknown annotation ${h}default_vcpu  is not a known annotation (did you mean ${h}default_vcpus?)`,
    ],
    [
      { [`${h}default_maxvcpus`]: "2" },
      [".*"],
      `error annotation-unknown annotation ${h}default_maxvcpus  is not a known annotation (did you mean ${h}default_max_vcpus?)`,
    ],
    [
      { [`${config}agent.create_container_timeout`]: "2" },
      [".*"],
      `error annotation-unknown annotation ${config}agent.create_container_timeout  is not a known annotation (did you mean ${config}runtime.create_container_timeout?)`,
    ],
    [
      { "io.katacontainers.asset_hash_kind": "sha512" },
      [".*"],
      "warning annotation-unknown annotation io.katacontainers.asset_hash_kind  is not a known annotation and is ignored (did you mean io.katacontainers.asset_hash_type?)",
    ],
    [
      { "io.katacontainers.something.else.altogether": "1" },
      [".*"],
      "warning annotation-unknown annotation io.katacontainers.something.else.altogether  is not a known annotation and is ignored",
    ],
  ])("%j", (annotations, enabled, line) => {
    expect(told(annotations, enabled)).toEqual({ set: 0, lines: [line] });
  });

  test.each<[name: string, written: string, end: string]>([
    ["hypervisor.default_vcpus", "1e9", ': must be a number of CPUs; got "1e9"'],
    ["hypervisor.default_vcpus", "0x10", ': must be a number of CPUs; got "0x10"'],
    ["hypervisor.default_vcpus", " 5", ': must be a number of CPUs; got " 5"'],
    ["hypervisor.default_vcpus", "NaN", ': must be a number of CPUs; got "NaN"'],
    ["hypervisor.default_vcpus", "\uff19", ': must be a number of CPUs; got "\\uff19"'],
    ["hypervisor.default_vcpus", "241", ': must be a number of CPUs; got "241"'],
    ["hypervisor.default_memory", "63", ': must be a whole number of at least 64; got "63"'],
    ["hypervisor.default_memory", "2Gi", ': must be a whole number of at least 64; got "2Gi"'],
    [
      "hypervisor.default_memory",
      "99999999999999999999",
      ': must be a whole number of at least 64; got "99999999999999999999"',
    ],
    ["hypervisor.default_max_vcpus", "-1", ': must be a whole number from 0 to 240; got "-1"'],
    ["hypervisor.enable_iommu", "yes", ': must be true or false; got "yes"'],
    ["hypervisor.enable_iommu", "__proto__", ': must be true or false; got "__proto__"'],
    ["hypervisor.virtio_fs_cache", "constructor", ': must be one of never, auto; got "constructor"'],
    ["hypervisor.virtio_fs_cache", "__proto__", ': must be one of never, auto; got "__proto__"'],
    ["hypervisor.cpu_features", "pmu=off -o source=/", ': must be a comma list; got "pmu=off -o source=/"'],
    ["hypervisor.cpu_features", "a\nb", ': must be a comma list; got "a\\nb"'],
    ["hypervisor.cpu_features", "a\0", ': must be a comma list; got "a\\u0000"'],
    [
      "hypervisor.machine_accelerators",
      "nvdimm=on,dumpdtb=x",
      ': must not hold dumpdtb: it names a file of the host; got "dumpdtb=x"',
    ],
    [
      "hypervisor.machine_accelerators",
      "memory_backend=x",
      ': must not hold memory-backend: it names one of the VM\'s own objects; got "memory_backend=x"',
    ],
    [
      "hypervisor.kernel_params",
      "init=/bin/sh",
      ': must not hold init: it replaces the guest\'s first program; got "init=/bin/sh"',
    ],
    ["hypervisor.path", "../sh", ': must be an absolute path; got "../sh"'],
    ["hypervisor.path", "/usr/bin/qemu-/../sh", ': must be a path without . and ..; got "/usr/bin/qemu-/../sh"'],
    ["hypervisor.path", "", ': must be an absolute path; got ""'],
    [
      "agent.kernel_modules",
      '["a"',
      ': must be modules with their parameters, separated by semicolons; got "[\\"a\\""',
    ],
    ["hypervisor.kernel_hash", "abc", '  must be a SHA-512 hash: 128 hexadecimal digits; got "abc"'],
    ["hypervisor.asset_hash_type", "md5", '  must be sha512; got "md5"'],
    [
      "hypervisor.default_memory",
      "9".repeat(10_000_000),
      ": must have at most 65536 characters; got 10000000 characters",
    ],
    [
      "hypervisor.cc_init_data",
      "A".repeat(1_048_577),
      ": must have at most 1048576 characters; got 1048577 characters",
    ],
  ])("%s with a wrong value", (name, written, end) => {
    const { set, lines } = told({ [`${config}${name}`]: written }, [".*"], {
      valid_hypervisor_paths: ["/usr/bin/qemu-*"],
    });
    expect(set).toBe(0);
    expect(lines).toEqual([expect.stringMatching(/^error annotation-(value|refused) annotation io\.katacontainers\./)]);
    expect(lines[0]?.endsWith(end) === true ? end : lines[0]).toBe(end);
  });

  test("two names of one thing that differ", () => {
    const hash = (digit: string) => digit.repeat(128);
    const { assetHashes, findings } = read({ [`${h}path_hash`]: hash("1"), [`${h}hypervisor_hash`]: hash("2") });
    expect([...assetHashes]).toEqual([["hypervisor", hash("2")]]);
    expect(findings).toEqual([
      expect.objectContaining({
        severity: "error",
        code: "annotation-value",
        place: { kind: "annotation", name: `${h}path_hash` },
      }),
    ]);
  });

  test("all of it is told, in the order of the names, whatever the order of the annotations", () => {
    const names = [
      `${h}zzz`,
      `${h}path`,
      "io.katacontainers.config_path",
      `${config}agent.kernel_modules`,
      `${h}enable_iommu`,
    ];
    const orders = [names, [...names].reverse()].map((order) =>
      read(Object.fromEntries(order.map((name) => [name, "x"])), ["^enable_"]).findings.map(({ place }) => place),
    );
    expect(orders[0]).toEqual([...names].sort().map((name) => ({ kind: "annotation", name })));
    expect(orders[1]).toEqual(orders[0]);
  });

  test("names are cut and escaped", () => {
    const { lines, set } = told({ [`${h}${"x".repeat(1_000_000)}`]: "1", "io.katacontainers.\u001b[2J\n": "1" });
    expect(set).toBe(0);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line.length).toBeLessThan(400);
      expect(line).toMatch(/^[\x20-\x7e]*$/);
    }
  });

  test("names of objects are nothing special", () => {
    const names = [
      "__proto__",
      "constructor",
      "toString",
      `${h}__proto__`,
      `${h}constructor`,
      `${config}__proto__`,
      `${config}hasOwnProperty.x`,
    ];
    const annotations = Object.fromEntries(names.map((name) => [name, "1"]));
    const { set, lines } = told(annotations);
    expect(set).toBe(0);
    expect(lines).toHaveLength(4);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test("too many are refused as a whole, quickly", () => {
    const annotations = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`${h}name_${index}`, "1"]));
    annotations[`${h}default_vcpus`] = "2";
    expect(told(annotations)).toEqual({
      set: 0,
      lines: ["error annotation-refused annotation io.katacontainers.*  must be at most 256 annotations, got 100001"],
    });
  });

  test("only the first unknown names get suggestions", () => {
    const annotations = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`${h}default_vcpu${index % 10}${index}`, "1"]),
    );
    const { findings } = read(annotations);
    expect(findings).toHaveLength(20);
    expect(findings.filter(({ suggestion }) => suggestion !== undefined)).toHaveLength(8);
  });
});

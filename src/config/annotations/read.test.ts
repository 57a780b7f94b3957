import { describe, expect, test } from "vitest";
import { config, h, read, told } from "./testing/pod.ts";

describe("what a pod may set", () => {
  test.each<[name: string, written: string, path: string, value: unknown]>([
    [`${h}default_vcpus`, "2.5", "hypervisor.qemu.default_vcpus", 2.5],
    [`${h}default_max_vcpus`, "8", "hypervisor.qemu.default_maxvcpus", 8],
    [`${h}default_memory`, "1024", "hypervisor.qemu.default_memory", 1024],
    [`${h}enable_iommu`, "TRUE", "hypervisor.qemu.enable_iommu", true],
    [`${h}cpu_features`, "pmu=off,vmx=on", "hypervisor.qemu.cpu_features", "pmu=off,vmx=on"],
    [`${h}kernel_params`, "agent.log=debug quiet", "hypervisor.qemu.kernel_params", "agent.log=debug quiet"],
    [`${h}virtio_fs_cache`, "none", "hypervisor.qemu.virtio_fs_cache", "never"],
    [`${h}prefetch_files.list`, "x", "hypervisor.qemu.prefetch_list_path", "x"],
    [`${h}cc_init_data`, "A".repeat(1_048_576), "hypervisor.qemu.initdata", "A".repeat(1_048_576)],
    [`${config}agent.kernel_modules`, "a x=1;b", "agent.kata.kernel_modules", ["a x=1", "b"]],
    [`${config}runtime.disable_guest_seccomp`, "false", "runtime.disable_guest_seccomp", false],
    [`${config}runtime.enable_vcpus_pinning`, "1", "runtime.enable_vcpus_pinning", true],
    ["io.katacontainers.enable_vcpus_pinning", "1", "runtime.enable_vcpus_pinning", true],
  ])("%s", (name, written, path, value) => {
    const base = name.split(".").at(-1) ?? "";
    const reading = read({ [name]: written }, [base]);
    expect(reading.findings).toEqual([]);
    expect([...reading.overrides]).toEqual([[path, { value, annotation: name }]]);

    const shut = read({ [name]: written }, []);
    expect(shut.overrides.size).toBe(0);
    expect(shut.findings).toEqual([
      expect.objectContaining({ severity: "error", code: "annotation-refused", key: path }),
    ]);
  });

  test("a path that a pattern matches", () => {
    const lists = { valid_hypervisor_paths: ["/usr/bin/qemu-*"] };
    const name = `${h}path`;
    const { overrides, findings } = read({ [name]: "/usr/bin/qemu-new" }, ["path"], lists);
    expect(findings).toEqual([]);
    expect([...overrides]).toEqual([["hypervisor.qemu.path", { value: "/usr/bin/qemu-new", annotation: name }]]);
  });

  test("hashes of assets", () => {
    const hash = "0123456789abcdefABCDEF".padEnd(128, "0");
    const names = ["kernel", "image", "initrd", "jailer", "firmware", "firmware_volume"].map(
      (asset) => `${h}${asset}_hash`,
    );
    const annotations = Object.fromEntries([
      ...names.map((name) => [name, hash]),
      [`${h}path_hash`, hash],
      ["io.katacontainers.asset_hash_type", "sha512"],
      [`${h}asset_hash_type`, "sha512"],
    ]);
    const { assetHashes, findings, overrides } = read(annotations, ["_hash$"]);
    expect(findings).toEqual([]);
    expect(overrides.size).toBe(0);
    expect([...assetHashes.keys()].sort()).toEqual([
      "firmware",
      "firmware_volume",
      "hypervisor",
      "image",
      "initrd",
      "jailer",
      "kernel",
    ]);
    expect(new Set(assetHashes.values())).toEqual(new Set([hash.toLowerCase()]));
  });

  test("an empty text leaves the operator's value", () => {
    expect(told({ [`${h}kernel_params`]: "", [`${h}cpu_features`]: "" })).toEqual({ set: 0, lines: [] });
  });

  test("what is not ours is nobody's business here", () => {
    const annotations = {
      "io.kubernetes.cri.container-type": "sandbox",
      "io.katacontainersx.config.hypervisor.path": "/bin/sh",
      "io.katacontainers.container.resource.swappiness": "nonsense",
      "io.katacontainers.container.resource.swap_in_bytes": "nonsense",
      "IO.KATACONTAINERS.CONFIG_PATH": "/x",
    };
    expect(told(annotations)).toEqual({ set: 0, lines: [] });
  });

  test("two names of one thing that agree", () => {
    const names = [`${config}runtime.enable_vcpus_pinning`, "io.katacontainers.enable_vcpus_pinning"];
    const { overrides, findings } = read({ [names[0] ?? ""]: "true", [names[1] ?? ""]: "1" });
    expect(findings).toEqual([]);
    expect(overrides.get("runtime.enable_vcpus_pinning")).toEqual({ value: true, annotation: names[0] });
  });
});

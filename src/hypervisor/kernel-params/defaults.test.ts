import { describe, expect, test } from "vitest";
import type { Architecture } from "../../config/architecture.ts";
import { hypervisorTypes } from "../../config/hypervisor-type.ts";
import { printParams } from "../../config/kernel-params/param.ts";
import { type GuestKind, imageInitParams, kernelDefaults } from "./defaults.ts";

type Type = Parameters<typeof kernelDefaults>[0];
const archs: readonly Architecture[] = ["amd64", "arm64", "ppc64le", "s390x", "riscv64"];

function words(type: Type, arch: Architecture, guest: Partial<GuestKind> = {}): { machine: string; console: string } {
  const { machine, console } = kernelDefaults(type, arch, { debug: false, ...guest });
  return { machine: printParams(machine).join(" "), console: printParams(console).join(" ") };
}

describe("kernelDefaults()", () => {
  test.each([
    [
      "qemu",
      "amd64",
      "tsc=reliable no_timer_check rcupdate.rcu_expedited=1 noreplace-smp reboot=t cryptomgr.notests net.ifnames=0",
      "console=ttyS0 8250.nr_uarts=1 panic=-1 quiet systemd.show_status=false",
      "console=ttyS0 8250.nr_uarts=1 panic=-1 ignore_loglevel",
    ],
    [
      "qemu",
      "arm64",
      "iommu.passthrough=0",
      "console=ttyAMA0 panic=-1 quiet systemd.show_status=false",
      "console=ttyAMA0 panic=-1 ignore_loglevel",
    ],
    [
      "qemu",
      "ppc64le",
      "rcupdate.rcu_expedited=1 reboot=k cryptomgr.notests net.ifnames=0",
      "console=hvc0 panic=-1 quiet systemd.show_status=false",
      "console=hvc0 panic=-1 ignore_loglevel",
    ],
    [
      "qemu",
      "s390x",
      "",
      "console=ttysclp0 panic=-1 quiet systemd.show_status=false",
      "console=ttysclp0 panic=-1 ignore_loglevel",
    ],
    [
      "qemu",
      "riscv64",
      "",
      "console=ttyS0 panic=-1 quiet systemd.show_status=false",
      "console=ttyS0 panic=-1 ignore_loglevel",
    ],
    [
      "clh",
      "amd64",
      "panic=1 no_timer_check noreplace-smp",
      "quiet",
      "console=ttyS0,115200n8 systemd.log_target=console",
    ],
    ["clh", "arm64", "panic=1", "quiet", "console=ttyAMA0,115200n8 systemd.log_target=console"],
    [
      "firecracker",
      "amd64",
      "pci=off reboot=k panic=1 iommu=off net.ifnames=0 random.trust_cpu=on acpi=off",
      "8250.nr_uarts=0",
      "console=ttyS0",
    ],
    [
      "firecracker",
      "arm64",
      "pci=off reboot=k panic=1 net.ifnames=0 random.trust_cpu=on acpi=off",
      "8250.nr_uarts=0",
      "console=ttyS0",
    ],
    [
      "stratovirt",
      "amd64",
      "reboot=k panic=1 net.ifnames=0 random.trust_cpu=on pci=off iommu=off acpi=off",
      "quiet 8250.nr_uarts=0",
      "debug console=hvc0",
    ],
    [
      "stratovirt",
      "arm64",
      "reboot=k panic=1 net.ifnames=0 random.trust_cpu=on pci=off acpi=off",
      "quiet 8250.nr_uarts=0",
      "debug console=hvc0",
    ],
    [
      "acrn",
      "amd64",
      "tsc=reliable no_timer_check nohpet console=tty0 console=ttyS0 console=hvc0 log_buf_len=16M consoleblank=0 rootwait",
      "quiet systemd.show_status=false",
      "debug systemd.show_status=true systemd.log_level=debug systemd.log_target=kmsg printk.devkmsg=on",
    ],
    ["dragonball", "amd64", "reboot=k panic=1", "", ""],
    ["dragonball", "arm64", "reboot=k panic=1", "", ""],
    ["openvmm", "amd64", "reboot=k panic=1", "", ""],
    ["openvmm", "arm64", "reboot=k panic=1", "", ""],
    ["remote", "s390x", "", "", ""],
    ["virtframework", "arm64", "", "", ""],
    ["mock", "amd64", "", "", ""],
  ] as const)("%s on %s", (type, arch, machine, quiet, debug) => {
    expect(words(type, arch)).toEqual({ machine, console: quiet });
    expect(words(type, arch, { debug: true })).toEqual({ machine, console: debug });
  });

  test.each([
    ["qemu", "amd64", /net\.ifnames=0 intel_iommu=on iommu=pt$/],
    ["clh", "amd64", /noreplace-smp iommu=pt$/],
  ] as const)("an IOMMU adds words for %s on %s", (type, arch, machine) => {
    expect(words(type, arch, { iommu: true }).machine).toMatch(machine);
    expect(words(type, arch, { iommu: false }).machine).not.toMatch(machine);
  });

  test("an IOMMU adds nothing where none are known", () => {
    expect(words("firecracker", "amd64", { iommu: true })).toEqual(words("firecracker", "amd64"));
  });

  test.each(["amd64", "arm64"] as const)("a confidential Cloud Hypervisor guest on %s has another console", (arch) => {
    expect(words("clh", arch, { debug: true, confidential: true }).console).toBe(
      "console=hvc0 systemd.log_target=console",
    );
    expect(words("clh", arch, { debug: false, confidential: true })).toEqual(words("clh", arch));
    expect(words("qemu", arch, { debug: true, confidential: true })).toEqual(words("qemu", arch, { debug: true }));
  });

  test.each([
    ["clh", "s390x", "Cloud Hypervisor runs no guests on s390x"],
    ["firecracker", "ppc64le", "Firecracker runs no guests on ppc64le"],
    ["acrn", "arm64", "ACRN runs no guests on arm64"],
    ["stratovirt", "riscv64", "StratoVirt runs no guests on riscv64"],
  ] as const)("%s does not run on %s", (type, arch, message) => {
    expect(() => words(type, arch)).toThrow(expect.objectContaining({ code: "unimplemented", message }));
  });

  test("a refusal names hypervisors that do run there", () => {
    const hint = (arch: Architecture) => expect.objectContaining({ hint: `Use a hypervisor that does: ${list[arch]}` });
    const list: Partial<Record<Architecture, string>> = {
      arm64: "qemu, clh, firecracker, stratovirt, dragonball, openvmm",
      s390x: "qemu",
    };
    expect(() => words("acrn", "arm64")).toThrow(hint("arm64"));
    expect(() => words("clh", "s390x")).toThrow(hint("s390x"));
  });

  test("no word that only x86 knows is sent to another architecture", () => {
    let lines = 0;
    for (const type of hypervisorTypes) {
      for (const arch of archs.slice(1)) {
        let line: string;
        try {
          line = words(type, arch, { iommu: true }).machine;
        } catch {
          continue;
        }
        lines++;
        expect(` ${line} `).not.toMatch(/ (?:tsc=|no_timer_check|noreplace-smp|iommu=|intel_iommu=|nohpet)/);
      }
    }
    expect(lines).toBe(21);
  });
});

test("an image's init starts the agent alone", () => {
  expect(printParams(imageInitParams)).toEqual([
    "systemd.unit=kata-containers.target",
    "systemd.mask=systemd-networkd.service",
    "systemd.mask=systemd-networkd.socket",
  ]);
});

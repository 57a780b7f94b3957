import { describe, expect, test } from "vitest";
import { parseVerityParams } from "../../config/kernel-params/verity.ts";
import { plainMachine } from "../testing/machine.ts";
import { kernelCommandLine } from "./kernel-command-line.ts";

describe("kernelCommandLine()", () => {
  test("of a q35 guest under TCG", () => {
    expect(kernelCommandLine(plainMachine({ kernelParams: ["agent.log=debug", 'x="a b"'] }))).toBe(
      "tsc=reliable no_timer_check rcupdate.rcu_expedited=1 noreplace-smp reboot=t " +
        "cryptomgr.notests net.ifnames=0 pci=lastbus=0 pcie_ports=compat nolapic_timer initcall_blacklist=crypto_kdf108_init,blake2s_mod_init,trace_eval_init,tracer_init_tracefs,ftrace_check_for_weak_functions " +
        'console=ttyS0 8250.nr_uarts=1 panic=-1 quiet systemd.show_status=false agent.log=debug x="a b"',
    );
  });

  test.each([
    ["KVM", plainMachine({ accelerator: "kvm" })],
    ["several vCPUs", plainMachine({ vcpus: 2 })],
  ])("leaves the local APIC's timer to a guest with %s", (_what, machine) => {
    expect(kernelCommandLine(machine)).not.toContain("nolapic_timer");
  });

  test("tells microvm its clock, and nothing of PCI", () => {
    const text = kernelCommandLine(plainMachine({ tscKhz: 2_600_000 }, { machineType: "microvm" }));
    expect(text).toContain("tsc_early_khz=2600000");
    expect(text).not.toMatch(/pci|lapic/);
  });

  test("debugging shows every message", () => {
    const text = kernelCommandLine(plainMachine({}, { debug: true }));
    expect(text).toContain("ignore_loglevel");
    expect(text).not.toContain("quiet");
  });

  test.each([
    ["debugging", plainMachine({}, { debug: true })],
    ["KVM", plainMachine({ accelerator: "kvm" })],
  ])("%s keeps the kernel's tracing, and spares its self tests", (_what, machine) => {
    expect(kernelCommandLine(machine)).toMatch(/ initcall_blacklist=crypto_kdf108_init,blake2s_mod_init /);
  });

  test("is refused rather than cut", () => {
    expect(() => kernelCommandLine(plainMachine({ kernelParams: ["x".repeat(2000)] }))).toThrow(
      /command line has 2\d{3} bytes, at most 2047 are possible on amd64/,
    );
  });

  test("the agent's words come before the user's, which replace any of ours", () => {
    const text = kernelCommandLine(
      plainMachine({
        agentParams: ["agent.log=debug", "agent.log_vport=1025"],
        kernelParams: ["reboot=k", "pci=realloc", "agent.log=info", "panic=5"],
      }),
    );
    expect(text).toMatch(
      / quiet systemd\.show_status=false agent\.log_vport=1025 reboot=k pci=realloc agent\.log=info panic=5$/,
    );
    expect(text).not.toMatch(/reboot=t|agent\.log=debug|panic=-1/);
    expect(text).toContain(" pci=lastbus=0 ");
  });

  test("of an image names its root, its init's target, and nothing else that an initrd does not get", () => {
    const image = {
      kind: "image",
      path: "/guest/kata.img",
      fsType: "xfs",
      driver: "virtio-blk",
      verity: undefined,
    } as const;
    const words = (boot: Parameters<typeof plainMachine>[1]) => kernelCommandLine(plainMachine({}, boot)).split(" ");
    const initrd = words({});
    const added = words({ boot: image }).filter((word) => !initrd.includes(word));
    expect(added).toEqual([
      "root=/dev/vda1",
      "rootflags=ro",
      "rootfstype=xfs",
      "systemd.unit=kata-containers.target",
      "systemd.mask=systemd-networkd.service",
      "systemd.mask=systemd-networkd.socket",
    ]);
  });

  test("of an image that dm-verity checks names the device that checks", () => {
    const rootHash = "ab".repeat(32);
    const verity = parseVerityParams(
      `root_hash=${rootHash},salt=cd,data_blocks=100,data_block_size=4096,hash_block_size=4096`,
    );
    const boot = { kind: "image", path: "/guest/kata.img", fsType: "erofs", driver: "virtio-blk", verity } as const;
    const line = kernelCommandLine(plainMachine({}, { boot }));
    expect(line).toContain(
      `dm-mod.create="dm-verity,,,ro,0 800 verity 1 /dev/vda1 /dev/vda2 4096 4096 100 0 sha256 ${rootHash} cd" root=/dev/dm-0`,
    );
  });

  test("a quote that is never closed would swallow the words behind it", () => {
    expect(() => kernelCommandLine(plainMachine({ kernelParams: ['x="a', "quiet"] }))).toThrow(
      expect.objectContaining({
        message: 'A kernel parameter must have as many closing as opening double quotes, got "x=\\"a"',
        field: "hypervisor.qemu.kernel_params",
      }),
    );
  });
});

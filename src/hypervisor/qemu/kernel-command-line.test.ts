import { describe, expect, test } from "vitest";
import { plainMachine } from "../testing/machine.ts";
import { kernelCommandLine } from "./kernel-command-line.ts";

describe("kernelCommandLine()", () => {
  test("of a q35 guest under TCG", () => {
    expect(kernelCommandLine(plainMachine({ kernelParams: ["agent.log=debug", 'x="a b"'] }))).toBe(
      "tsc=reliable no_timer_check rcupdate.rcu_expedited=1 noreplace-smp reboot=t " +
        "cryptomgr.notests net.ifnames=0 pci=lastbus=0 pcie_ports=compat nolapic_timer initcall_blacklist=trace_eval_init,tracer_init_tracefs " +
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

  test("is refused rather than cut", () => {
    expect(() => kernelCommandLine(plainMachine({ kernelParams: ["x".repeat(2000)] }))).toThrow(
      /command line has 2\d{3} characters, at most 2047/,
    );
  });
});

import { describe, expect, test } from "vitest";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { chooseAccelerator, cpuInfo, kvmObstacle } from "./accelerator.ts";

function host(flags: string | undefined, kvm: boolean): FakeSys {
  const sys = createFakeSys();
  const entry = flags === undefined ? "BogoMIPS : 48\n" : `vendor_id\t: X\nflags\t\t: fpu vme ${flags}\nbugs\t\t:\n`;
  sys.fake.addFile("/proc/cpuinfo", `processor\t: 0\n${entry}\nprocessor\t: 1\n${entry}\n`.repeat(200));
  if (kvm) sys.fake.addFile("/dev/kvm");
  return sys;
}

describe("chooseAccelerator()", () => {
  test.each(["vmx", "svm"])("auto takes KVM on a CPU with %s", (flag) => {
    const sys = host(flag, true);
    expect(chooseAccelerator(sys, "auto")).toEqual({ accelerator: "kvm", warning: undefined });
    expect(sys.fake.openDescriptors).toEqual([]);
  });

  test("auto falls back to TCG and says what that costs", () => {
    const { accelerator, warning } = chooseAccelerator(host("vmxoff hypervisor", true), "auto");
    expect(accelerator).toBe("tcg");
    expect(warning).toMatch(/neither vmx nor svm.*TCG, 10 to 30 times slower/);
  });

  test("kvm where it is not usable is an error with a way out", () => {
    const sys = host("vmx", false);
    expect(() => chooseAccelerator(sys, "kvm")).toThrow(
      expect.objectContaining({
        code: "failed-precondition",
        message: "KVM is not usable: /dev/kvm cannot be opened (ENOENT)",
        field: "hypervisor.qemu.accelerator",
        hint: expect.stringContaining('"tcg"'),
      }),
    );
    sys.fake.addFile("/dev/kvm");
    sys.fake.fail("open", { code: "EACCES", when: (path) => path === "/dev/kvm" });
    expect(() => chooseAccelerator(sys, "kvm")).toThrow("EACCES");
  });

  test("tcg asks nobody", () => {
    const sys = createFakeSys();
    expect(chooseAccelerator(sys, "tcg").accelerator).toBe("tcg");
    expect(sys.fake.calls).toEqual([]);
  });
});

test("kvmObstacle() looks for CPU flags on x86 only", () => {
  const sys = host(undefined, true);
  expect(kvmObstacle({ ...sys, uname: () => ({ ...sys.uname(), machine: "aarch64" }) })).toBeUndefined();
});

test("cpuInfo() reads one processor of many", () => {
  expect(cpuInfo(host("svm", true))).toBe("processor\t: 0\nvendor_id\t: X\nflags\t\t: fpu vme svm\nbugs\t\t:\n");
});

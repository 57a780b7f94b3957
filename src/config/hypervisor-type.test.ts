import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import {
  hasHybridVsock,
  hypervisorDisplayName,
  hypervisorSocketTemplate,
  hypervisorTypeName,
  hypervisorTypes,
  parseHypervisorType,
} from "./hypervisor-type.ts";

describe("parseHypervisorType()", () => {
  test("the list is closed", () => {
    expect(hypervisorTypes).toEqual([
      "qemu",
      "clh",
      "firecracker",
      "stratovirt",
      "dragonball",
      "acrn",
      "openvmm",
      "remote",
      "virtframework",
      "mock",
    ]);
  });

  test.each(hypervisorTypes)("reads what is printed: %s", (type) => {
    expect(parseHypervisorType(hypervisorTypeName(type))).toBe(type);
  });

  test.each([
    ["cloud-hypervisor", "clh"],
    ["cloudhypervisor", "clh"],
    ["fc", "firecracker"],
  ])("%s is %s", (text, type) => {
    expect(parseHypervisorType(text)).toBe(type);
  });

  test.each([
    ["qemuu", '"qemuu"', "Did you mean qemu?"],
    ["QEMU", '"QEMU"', "Did you mean qemu?"],
    [" qemu", '" qemu"', "Did you mean qemu?"],
    ["cloud-hypervisr", '"cloud-hypervisr"', "Did you mean cloud-hypervisor?"],
    ["fire", '"fire"', "Did you mean firecracker?"],
    ["xen-and-more", '"xen-and-more"', undefined],
    ["", '""', undefined],
    ["toString", '"toString"', undefined],
    ["__proto__", '"__proto__"', undefined],
    ["constructor", '"constructor"', undefined],
    ["x".repeat(10_000), `"${"x".repeat(64)}..."`, undefined],
    ["a\nb\u001b[31m", '"a\\nb\\u001b[31m"', undefined],
  ])("refuses %j", (text, shown, hint) => {
    const refused = catchError(() => parseHypervisorType(text));
    expect(refused).toBeInstanceOf(KataError);
    expect(refused).toMatchObject({
      code: "invalid-argument",
      message: `A hypervisor must be one of ${hypervisorTypes.join(", ")}, got ${shown}`,
      hint,
    });
  });
});

test.each([
  ["qemu", "QEMU", ""],
  ["clh", "Cloud Hypervisor", "/run/vc/vm/{ID}/clh.sock"],
  ["firecracker", "Firecracker", "/run/vc/firecracker/{ID}/root/kata.hvsock"],
  ["stratovirt", "StratoVirt", ""],
  ["dragonball", "Dragonball", "/run/kata/{ID}/root/kata.hvsock"],
  ["acrn", "ACRN", ""],
  ["openvmm", "OpenVMM", "/run/kata/{ID}/vsock.sock"],
  ["remote", "remote hypervisor", ""],
  ["virtframework", "Virtualization.framework", ""],
  ["mock", "mock hypervisor", ""],
] as const)("%s is shown as %s and has the socket %j", (type, name, socket) => {
  expect(hypervisorDisplayName(type)).toBe(name);
  expect(hypervisorSocketTemplate(type)).toBe(socket);
  expect(hasHybridVsock(type)).toBe(socket !== "");
});

function catchError(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

import { expect, test } from "vitest";
import { mostVcpus } from "./most-vcpus.ts";

test.each([
  ["qemu", "amd64", 240],
  ["qemu", "arm64", 123],
  ["qemu", "ppc64le", 128],
  ["qemu", "s390x", 248],
  ["qemu", "riscv64", 512],
  ["clh", "amd64", 240],
  ["firecracker", "amd64", 32],
  ["firecracker", "arm64", 32],
  ["acrn", "amd64", 8],
] as const)("mostVcpus() of %s on %s is %d", (type, architecture, most) => {
  expect(mostVcpus(type, architecture)).toBe(most);
});

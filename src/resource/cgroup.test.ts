import { expect, test } from "vitest";
import { cgroupName } from "./cgroup.ts";

const id = "web";
const sys = { exists: (path: string) => path === "/h/kubepods/pod1" || path === "/h/system.slice" };

test.each([
  ["/kubepods/pod1/web", "kubepods/pod1/kata_web"],
  ["kubepods/pod1/web", "kubepods/pod1/kata_web"],
  ["/default/web", "kata_overhead_web"],
  ["/web", "kata_overhead_web"],
  ["", "kata_overhead_web"],
  ["system.slice:cri-containerd:web", "kata_overhead_web"],
  ["/kubepods/pod1/../web", "kata_overhead_web"],
  ["/kubepods/pod1/..", "kata_overhead_web"],
])("cgroupName() of %j is %s", (cgroupsPath, name) => {
  expect(cgroupName(sys, "/h", { id, cgroupsPath })).toBe(name);
});

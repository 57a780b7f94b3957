import { expect, test } from "vitest";
import { planMount } from "./mount-flags.ts";

test("planMount separates flags from data and drops names without meaning", () => {
  expect(planMount(["nosuid", "size=5m", "noexec", "defaults", "", "mode=755"])).toEqual({
    flags: 2 | 8,
    data: "size=5m,mode=755",
    propagation: [],
    bindRemount: undefined,
  });
});

test("planMount lets later options win", () => {
  expect(planMount(["ro", "rw"]).flags).toBe(0);
  expect(planMount(["rw", "ro"]).flags).toBe(1);
  expect(planMount(["nodev", "dev", "relatime", "strictatime"]).flags).toBe((1 << 21) | (1 << 24));
});

test("planMount gives bind mounts their other flags in a remount", () => {
  expect(planMount(["rbind", "ro", "nodev"])).toMatchObject({ flags: 4096 | 16384, bindRemount: 32 | 4096 | 1 | 4 });
  expect(planMount(["bind"]).bindRemount).toBeUndefined();
  expect(planMount(["remount", "bind", "ro"])).toMatchObject({ flags: 32 | 4096 | 1, bindRemount: undefined });
});

test("planMount keeps propagation changes apart, in order", () => {
  expect(planMount(["rslave", "shared"])).toMatchObject({ flags: 0, propagation: [(1 << 19) | 16384, 1 << 20] });
});

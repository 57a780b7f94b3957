import { describe, expect, test } from "vitest";
import { compactOverlayOptions } from "./overlay-options.ts";

const snapshots = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";
const layers = (count: number) => Array.from({ length: count }, (_, index) => `${snapshots}/${1000 + index}/fs`);
const options = (count: number) => [
  "index=off",
  `workdir=${snapshots}/9/work`,
  `upperdir=${snapshots}/9/fs`,
  `lowerdir=${layers(count).join(":")}`,
];

describe("compactOverlayOptions()", () => {
  test("leaves short options alone", () => {
    expect(compactOverlayOptions(options(10))).toEqual({ directory: undefined, options: options(10) });
  });

  test("makes the options of a hundred layers fit a page", () => {
    const { directory, options: compact } = compactOverlayOptions(options(100));
    expect(directory).toBe(snapshots);
    expect(compact.slice(0, 3)).toEqual(options(100).slice(0, 3));
    expect(compact[3]).toMatch(/^lowerdir=1000\/fs:1001\/fs:/);
    expect(compact.join(",").length).toBeLessThan(4096);
  });

  test("one layer keeps its name", () => {
    const long = `/a/${"b".repeat(200)}`.repeat(25);
    const { directory, options: compact } = compactOverlayOptions([`lowerdir=${long}`]);
    expect(`${directory}/${compact[0]?.slice("lowerdir=".length)}`).toBe(long);
    expect(compact[0]).not.toBe("lowerdir=");
  });

  test.each([
    ["relative layers", ["lowerdir=a:b"]],
    ["escaped colons", ["lowerdir=/a\\:b:/c"]],
  ])("does not touch %s", (_name, given) => {
    const long = [...given, `x=${"y".repeat(5000)}`];
    expect(compactOverlayOptions(long)).toEqual({ directory: undefined, options: long });
  });
});

import { describe, expect, test } from "vitest";
import { parseGroupId, parseMode, parseMountOptions, takeOption } from "./options.ts";

describe("parseMountOptions()", () => {
  test.each([
    [
      "tmpfs",
      ["noexec", "nosuid", "nodev", "mode=1777", "size=67108864"],
      ["noexec", "nosuid", "nodev"],
      ["mode=1777", "size=67108864"],
    ],
    ["virtiofs", ["nodev", "dax", "rw"], ["nodev"], ["dax"]],
    ["virtiofs", [], [], []],
    ["xfs", ["nouuid", "ro"], ["ro"], ["nouuid"]],
    ["ext4", ["data=ordered", "errors=remount-ro", "ro", "dax"], ["ro"], ["data=ordered", "errors=remount-ro", "dax"]],
    [
      "overlay",
      ["lowerdir=/a:/b", "upperdir=/u", "workdir=/w", "index=off"],
      [],
      ["lowerdir=/a:/b", "upperdir=/u", "workdir=/w", "index=off"],
    ],
    ["hugetlbfs", ["pagesize=2M", "size=8388608"], [], ["pagesize=2M", "size=8388608"]],
    [
      "9p",
      ["trans=virtio", "version=9p2000.L", "cache=mmap", "nodev", "msize=8192"],
      ["nodev"],
      ["trans=virtio", "version=9p2000.L", "cache=mmap", "msize=8192"],
    ],
    ["ext4", ["defaults", ""], [], []],
  ])("%s %j", (fstype, options, flags, data) => {
    expect(parseMountOptions(fstype, options)).toEqual({ flags, data });
  });

  test.each([
    ["tmpfs", "ro,suid"],
    ["tmpfs", "size=1 mode=7"],
    ["tmpfs", "size=1\nx"],
    ["tmpfs", "lowerdir=/etc"],
    ["ext4", "remount"],
    ["ext4", "bind"],
    ["overlay", "lowerdir=/a,upperdir=/etc"],
    ["unheard", "size=1"],
    ["virtiofs", "dax=evil"],
  ])("refuses %s with %j", (fstype, option) => {
    expect(() => parseMountOptions(fstype, [option])).toThrow(/is not a mount option/);
  });
});

describe("takeOption()", () => {
  test("takes the last and removes all", () => {
    expect(takeOption(["fsgid=1", "ro", "fsgid=2"], "fsgid")).toEqual({ value: "2", rest: ["ro"] });
    expect(takeOption(["ro"], "fsgid")).toEqual({ value: undefined, rest: ["ro"] });
  });
});

test("parseGroupId() takes ids only", () => {
  expect(parseGroupId("1000")).toBe(1000);
  for (const bad of ["", "-1", "4294967295", "x", "1e3"]) expect(() => parseGroupId(bad)).toThrow(/group id/);
});

test("parseMode() takes octal", () => {
  expect(parseMode("0777")).toBe(0o777);
  expect(parseMode("1777")).toBe(0o1777);
  for (const bad of ["", "8", "0o7", "77777"]) expect(() => parseMode(bad)).toThrow(/octal/);
});

import { describe, expect, test } from "vitest";
import { virtiofsdArguments, virtiofsdFlavour } from "./virtiofsd-arguments.ts";

const config = { virtioFsCache: "auto", virtioFsExtraArgs: [] } as const;

describe("virtiofsdArguments()", () => {
  test("speaks to QEMU's own daemon", () => {
    const virtioFsDaemonPath = "/usr/lib/qemu/virtiofsd";
    expect(virtiofsdArguments({ ...config, virtioFsDaemonPath }, "/srv/share")).toEqual([
      "/usr/lib/qemu/virtiofsd",
      "--fd=3",
      "-f",
      "-o",
      "source=/srv/share",
      "-o",
      "cache=auto",
      "-o",
      "sandbox=namespace",
      "-o",
      "announce_submounts",
      "-o",
      "log_level=warn",
    ]);
  });

  test("speaks to the Rust daemon, with the operator's extra arguments last", () => {
    const virtioFsDaemonPath = "/usr/libexec/virtiofsd";
    const extra = { ...config, virtioFsDaemonPath, virtioFsExtraArgs: ["--thread-pool-size=1"] };
    expect(virtiofsdArguments(extra, "/srv/share")).toEqual([
      "/usr/libexec/virtiofsd",
      "--fd=3",
      "--shared-dir=/srv/share",
      "--cache=auto",
      "--sandbox=namespace",
      "--announce-submounts",
      "--thread-pool-size=1",
    ]);
  });

  test.each([
    [
      ["--thread-pool-size=1", "--announce-submounts"],
      ["--thread-pool-size=1", "-o", "announce_submounts"],
    ],
    [["--no-announce-submounts"], ["-o", "no_announce_submounts"]],
    [["--log-level=debug"], ["-o", "log_level=debug"]],
    [["--xattrmap=:map::user.a-b.:"], ["-o", "xattrmap=:map::user.a-b.:"]],
    [
      ["-o", "announce_submounts", "-d"],
      ["-o", "announce_submounts", "-d"],
    ],
    [
      ["--rlimit-nofile=1024", "--announce", "xattr"],
      ["--rlimit-nofile=1024", "--announce", "xattr"],
    ],
  ])("translates %j for the C daemon", (virtioFsExtraArgs, expected) => {
    const virtioFsDaemonPath = "/usr/lib/qemu/virtiofsd";
    const argv = virtiofsdArguments({ ...config, virtioFsDaemonPath, virtioFsExtraArgs }, "/s");
    expect(argv.slice(13)).toEqual(expected);
    const rust = virtiofsdArguments({ ...config, virtioFsDaemonPath: "/usr/bin/virtiofsd", virtioFsExtraArgs }, "/s");
    expect(rust.slice(6)).toEqual(virtioFsExtraArgs);
  });

  test.each([
    ["never", "cache=none"],
    ["metadata", "cache=auto"],
    ["always", "cache=always"],
  ] as const)("translates cache %s for the C daemon", (virtioFsCache, expected) => {
    const virtioFsDaemonPath = "/usr/lib/qemu/virtiofsd";
    expect(virtiofsdArguments({ ...config, virtioFsDaemonPath, virtioFsCache }, "/s")).toContain(expected);
  });
});

test.each([
  ["/usr/lib/qemu/virtiofsd", "c"],
  ["/usr/libexec/virtiofsd", "rust"],
  ["/opt/kata/libexec/virtiofsd", "rust"],
  ["/opt/qemu/libexec/virtiofsd", "rust"],
])("virtiofsdFlavour(%j) is %s", (path, flavour) => {
  expect(virtiofsdFlavour(path)).toBe(flavour);
});

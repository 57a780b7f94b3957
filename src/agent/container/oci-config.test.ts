import { describe, expect, test } from "vitest";
import { Spec } from "../../wire/gen/agent/oci.ts";
import { writeJson } from "./json.ts";
import { type GuestContext, ociConfig } from "./oci-config.ts";

const context: GuestContext = {
  cgroupsPath: "/kata/c1",
  sharedNamespaces: { ipc: "/run/ns/ipc", uts: "/run/ns/uts" },
  guestDisks: [{ major: 254, minor: 1 }],
  hooks: undefined,
};

const minimal = {
  Process: { Args: ["sh"], Cwd: "/", User: {} },
  Root: { Path: "/run/kata-containers/c1/rootfs" },
} satisfies Parameters<typeof Spec.create>[0];

type Partial = Parameters<typeof Spec.create>[0];
const config = (spec: Partial, guest: GuestContext = context) =>
  JSON.parse(writeJson(ociConfig(Spec.create({ ...minimal, ...spec }), guest)));

describe("ociConfig()", () => {
  test("maps a full specification", () => {
    const full = config({
      Hostname: "web",
      Process: {
        Terminal: true,
        ConsoleSize: { Height: 24, Width: 80 },
        User: { UID: 1000, GID: 100, AdditionalGids: [5, 6] },
        Args: ["sh", "-c", 'echo "hi"'],
        Env: ["PATH=/bin", "EMPTY="],
        Cwd: "/srv//data/",
        Capabilities: { Bounding: ["CAP_CHOWN"], Effective: ["CAP_CHOWN"], Permitted: ["CAP_CHOWN"] },
        Rlimits: [{ Type: "RLIMIT_NOFILE", Soft: 1024n, Hard: 18446744073709551615n }],
        NoNewPrivileges: true,
        OOMScoreAdj: 500n,
      },
      Root: { Path: "/run/kata-containers/shared/containers/c1/rootfs", Readonly: true },
      Mounts: [
        { destination: "/proc", type: "proc", source: "proc", options: ["nosuid"] },
        {
          destination: "/data/",
          type: "bind",
          source: "/run/kata-containers/shared/containers/x",
          options: ["rbind", "ro"],
        },
      ],
      Annotations: { a: "b" },
      Linux: {
        Namespaces: [
          { Type: "pid", Path: "/proc/77/ns/pid" },
          { Type: "ipc" },
          { Type: "uts" },
          { Type: "network" },
          { Type: "mount" },
        ],
        Devices: [{ Path: "/dev/fuse", Type: "c", Major: 10n, Minor: 229n, FileMode: 0o100660 }],
        Resources: {
          Memory: { Limit: 67108864n, Swap: -1n, Swappiness: 60n },
          CPU: { Shares: 512n, Quota: -1n, Period: 100000n, Cpus: "0-1" },
          Pids: { Limit: 100n },
          HugepageLimits: [{ Pagesize: "2MB", Limit: 9223372036854771712n }],
        },
        Seccomp: {
          DefaultAction: "SCMP_ACT_ERRNO",
          Architectures: ["SCMP_ARCH_X86_64"],
          Syscalls: [
            {
              Names: ["read"],
              Action: "SCMP_ACT_ALLOW",
              errnoret: 1,
              Args: [{ Index: 0n, Value: 18446744073709551615n, Op: "SCMP_CMP_EQ" }],
            },
          ],
        },
        MaskedPaths: ["/proc/kcore"],
        ReadonlyPaths: ["/proc/sys"],
        CgroupsPath: "/host/path",
        Sysctl: { "net.core.somaxconn": "1" },
      },
    });
    expect(full).toMatchSnapshot();
  });

  test("writes 64-bit numbers exactly", () => {
    const text = writeJson(
      ociConfig(
        Spec.create({
          ...minimal,
          Process: { ...minimal.Process, Rlimits: [{ Type: "RLIMIT_CORE", Soft: 0n, Hard: 18446744073709551615n }] },
        }),
        context,
      ),
    );
    expect(text).toContain('"hard":18446744073709551615');
  });

  test("gives a container its own pid and cgroup namespace whatever the host says", () => {
    expect(config({}).linux.namespaces).toEqual([{ type: "mount" }, { type: "cgroup" }, { type: "pid" }]);
  });

  test("joins the sandbox's namespaces", () => {
    const guest = { ...context, sharedNamespaces: { ...context.sharedNamespaces, pid: "/run/ns/pid" } };
    expect(config({ Linux: { Namespaces: [{ Type: "uts" }] } }, guest).linux.namespaces).toEqual([
      { type: "mount" },
      { type: "cgroup" },
      { type: "pid", path: "/run/ns/pid" },
      { type: "uts", path: "/run/ns/uts" },
    ]);
  });

  test("means no capabilities when none are given, and always states the OOM score", () => {
    const { process } = config({});
    expect(process.capabilities).toEqual({ bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] });
    expect(process.oomScoreAdj).toBe(0);
  });

  test("keeps the guest's disk closed after every other rule", () => {
    const { devices } = config({ Linux: { Resources: { Devices: [{ Allow: true, Type: "a", Access: "rwm" }] } } }).linux
      .resources;
    expect(devices[0]).toEqual({ allow: false, access: "rwm" });
    expect(devices.slice(-2)).toEqual([
      { allow: true, type: "a", access: "rwm" },
      { allow: false, type: "b", major: 254, minor: 1, access: "rwm" },
    ]);
  });

  test("sets no host name in a container without a UTS namespace", () => {
    expect(config({ Hostname: "web" }).hostname).toBeUndefined();
  });

  const process = (fields: object): Partial => ({ Process: { ...minimal.Process, ...fields } });
  const mount = (fields: object): Partial => ({
    Mounts: [{ destination: "/x", type: "tmpfs", source: "tmpfs", options: [], ...fields }],
  });
  const bind = (fields: object) => mount({ type: "bind", source: "/run/kata-containers/s", ...fields });
  test.each<[string, Partial, RegExp]>([
    ["no process", { Process: undefined }, /no process/],
    ["no root", { Root: undefined }, /no root/],
    ["no arguments", process({ Args: [] }), /args must not be empty/],
    ["NUL in an argument", process({ Args: ["a\0b"] }), /NUL/],
    ["a relative cwd", process({ Cwd: "srv" }), /process.cwd/],
    ["a cwd with ..", process({ Cwd: "/a/../.." }), /process.cwd/],
    ["env without =", process({ Env: ["PATH"] }), /NAME=value/],
    ["env without a name", process({ Env: ["=x"] }), /NAME=value/],
    ["user -1", process({ User: { UID: 0xffffffff } }), /not a user/],
    ["a bad rlimit", process({ Rlimits: [{ Type: "RLIMIT_X", Soft: 1n, Hard: 1n }] }), /unknown type "RLIMIT_X"/],
    [
      "a soft limit above the hard one",
      process({ Rlimits: [{ Type: "RLIMIT_NOFILE", Soft: 2n, Hard: 1n }] }),
      /exceeds/,
    ],
    ["a malformed capability", process({ Capabilities: { Bounding: ["ALL"] } }), /malformed name "ALL"/],
    ["an OOM score out of range", process({ OOMScoreAdj: 1001n }), /-1000 to 1000/],
    ["a root outside", { Root: { Path: "/" } }, /root.path must be a path below/],
    ["a root with ..", { Root: { Path: "/run/kata-containers/../x" } }, /root.path/],
    ["a mount at /", mount({ destination: "/" }), /below \//],
    ["a mount with ..", mount({ destination: "/a/../../b" }), /below \//],
    ["a relative mount", mount({ destination: "a" }), /below \//],
    ["proc elsewhere", mount({ type: "proc", destination: "/x" }), /destination \/proc/],
    ["tmpfs at /proc", mount({ destination: "/proc" }), /proc or bind/],
    ["a bind over /proc/sys", bind({ destination: "/proc/sys" }), /over \/proc\/sys/],
    ["a bind from the guest's root", bind({ source: "/etc" }), /must lie below/],
    ["a bind that leaves", bind({ source: "/run/kata-containers/../../etc" }), /must lie below/],
    ["two options in one", mount({ options: ["ro,suid"] }), /one word without commas/],
    ["an option with a newline", mount({ options: ["ro\nx"] }), /one word/],
    ["a disk file system", mount({ type: "ext4", source: "/dev/vda" }), /must be bind or one of/],
    ["an unknown namespace", { Linux: { Namespaces: [{ Type: "net" }] } }, /Unknown namespace/],
    ["a namespace twice", { Linux: { Namespaces: [{ Type: "ipc" }, { Type: "ipc" }] } }, /occurs twice/],
    [
      "the guest's disk",
      { Linux: { Devices: [{ Path: "/dev/x", Type: "b", Major: 254n, Minor: 1n }] } },
      /own root disk/,
    ],
    ["a bad device type", { Linux: { Devices: [{ Path: "/dev/x", Type: "x" }] } }, /c, u, b or p/],
    ["a bad device number", { Linux: { Devices: [{ Path: "/dev/x", Type: "c", Major: -1n }] } }, /0 to 1048575/],
    ["a masked path with ..", { Linux: { MaskedPaths: ["/proc/../x"] } }, /linux.maskedPaths/],
    ["a bad cpuset", { Linux: { Resources: { CPU: { Cpus: "0;1" } } } }, /list such as/],
    ["a negative memory limit", { Linux: { Resources: { Memory: { Limit: -2n } } } }, /-1 or positive/],
    ["a bad device rule", { Linux: { Resources: { Devices: [{ Type: "z" }] } } }, /a, c or b/],
    ["a bad propagation", { Linux: { RootfsPropagation: "evil" } }, /propagation/],
    ["a long host name", { Hostname: "a".repeat(65), Linux: { Namespaces: [{ Type: "uts" }] } }, /1 to 64/],
  ])("refuses %s", (_name, spec, message) => {
    expect(() => config(spec)).toThrow(message);
    expect(() => config(spec)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});

import { describe, expect, test } from "vitest";
import * as wire from "../wire/gen/agent/oci.ts";
import { guestProcess, guestResources, sharesPidNamespace, toGuestSpec } from "./guest-spec.ts";
import { parseProcess, parseResources, parseSpec } from "./parse-spec.ts";
import { toAgentProcess, toAgentResources, toAgentSpec } from "./to-agent.ts";

/** As containerd writes it for an ordinary container. */
const containerd = {
  ociVersion: "1.1.0",
  process: {
    terminal: true,
    consoleSize: { height: 24, width: 80 },
    user: { uid: 1000, gid: 100, additionalGids: [100, 5], username: "me" },
    args: ["sh", "-c", "echo hi"],
    env: ["PATH=/usr/bin", "TERM=xterm"],
    cwd: "/srv/",
    capabilities: {
      bounding: ["CAP_CHOWN", "CAP_KILL"],
      effective: ["CAP_CHOWN"],
      permitted: ["CAP_CHOWN"],
    },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 512 }],
    noNewPrivileges: true,
    apparmorProfile: "cri-containerd.apparmor.d",
    oomScoreAdj: 500,
    selinuxLabel: "system_u:system_r:container_t",
  },
  root: { path: "rootfs", readonly: true },
  hostname: "web",
  mounts: [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/data", type: "bind", source: "/srv/data", options: ["rbind", "ro"] },
  ],
  hooks: { prestart: [{ path: "/usr/bin/hook", args: ["hook"] }] },
  annotations: {
    "io.kubernetes.cri.container-type": "sandbox",
    "io.katacontainers.config.agent.policy": "secret",
    "io.katacontainers.config.hypervisor.cc_init_data": "secret",
    "io.katacontainers.config.runtime.cc_init_data": "secret",
    "cdi.k8s.io/gpu": "0",
  },
  linux: {
    sysctl: { "net.core.somaxconn": "1024" },
    resources: {
      devices: [{ allow: false, access: "rwm" }],
      memory: { limit: 67108864, swap: 67108864 },
      cpu: { shares: 1024, quota: 50000, period: 100000, cpus: "0-3", mems: "0" },
      pids: { limit: 64 },
      blockIO: { weight: 10 },
      network: { classID: 7 },
      hugepageLimits: [{ pageSize: "2MB", limit: 4194304 }],
    },
    cgroupsPath: "/default/web",
    namespaces: [
      { type: "pid", path: "/proc/7/ns/pid" },
      { type: "ipc", path: "/proc/7/ns/ipc" },
      { type: "uts" },
      { type: "mount" },
      { type: "network", path: "/var/run/netns/x" },
      { type: "cgroup" },
      { type: "time" },
    ],
    devices: [{ path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0 }],
    seccomp: {
      defaultAction: "SCMP_ACT_ERRNO",
      architectures: ["SCMP_ARCH_X86_64"],
      syscalls: [
        { names: ["read", "write"], action: "SCMP_ACT_ALLOW" },
        {
          names: ["clone"],
          action: "SCMP_ACT_ERRNO",
          errnoRet: 38,
          args: [{ index: 0, value: 2114060288, op: "SCMP_CMP_MASKED_EQ" }],
        },
      ],
    },
    rootfsPropagation: "rslave",
    maskedPaths: ["/proc/kcore"],
    readonlyPaths: ["/proc/sys"],
    mountLabel: "system_u:object_r:container_file_t",
  },
};

const spec = parseSpec(JSON.stringify(containerd)).value;
const placement = {
  rootPath: "/run/kata-containers/shared/containers/web/rootfs",
  mounts: spec.mounts.map((mount) => (mount.type === "bind" ? { ...mount, source: "/run/kata-containers/x" } : mount)),
  disableGuestSeccomp: false,
};

describe("toGuestSpec() and toAgentSpec()", () => {
  test("give the message that the agent expects", () => {
    expect(toAgentSpec(toGuestSpec(spec, placement))).toMatchSnapshot();
  });

  test("the message survives its encoding", () => {
    const message = toAgentSpec(toGuestSpec(spec, placement));
    expect(wire.Spec.decode(wire.Spec.encode(message).finish())).toEqual(message);
  });

  test("seccomp can be left to the host's configuration", () => {
    expect(toGuestSpec(spec, { ...placement, disableGuestSeccomp: true }).linux.seccomp).toBeUndefined();
  });

  test("a minimal specification stays one", () => {
    const minimal = parseSpec('{"ociVersion":"1.0.2","process":{"args":["a"],"cwd":"/"}}').value;
    expect(toAgentSpec(toGuestSpec(minimal, { ...placement, mounts: [] }))).toMatchSnapshot();
  });

  test("the specification itself is not changed", () => {
    expect(spec).toEqual(parseSpec(JSON.stringify(containerd)).value);
  });
});

test("sharesPidNamespace() is true when the host names one", () => {
  expect(sharesPidNamespace(spec)).toBe(true);
  expect(sharesPidNamespace({ ...spec, linux: { ...spec.linux, namespaces: [{ type: "pid", path: "" }] } })).toBe(
    false,
  );
});

test("toAgentProcess() carries all of an exec's process", () => {
  expect(toAgentProcess(guestProcess(parseProcess(JSON.stringify(containerd.process)).value))).toMatchSnapshot();
});

test("toAgentResources() of an update has no host CPUs", () => {
  const { CPU, Memory } = toAgentResources(
    guestResources(parseResources('{"cpu":{"cpus":"0-1","mems":"0","quota":-1},"memory":{"limit":-1}}')),
  );
  expect(CPU).toMatchObject({ Cpus: "", Mems: "", Quota: -1n, Shares: 0n });
  expect(Memory).toMatchObject({ Limit: -1n, Swap: 0n });
});

import { describe, expect, test } from "vitest";
import { parseSpec } from "../oci/parse-spec.ts";
import { createContainerRequest, createSandboxRequest, type GuestSandbox, guestShmDir } from "./guest-requests.ts";

const sandbox: GuestSandbox = {
  id: "pod",
  hostname: "web",
  dns: ["nameserver 10.0.0.1", ""],
  shmBytes: undefined,
  sharedPidNamespace: false,
  kernelModules: [],
  hookPath: "",
};

describe("createSandboxRequest()", () => {
  test("names the sandbox, its resolvers and the share", () => {
    expect(createSandboxRequest({ ...sandbox, hookPath: "/usr/share/oci/hooks" })).toMatchObject({
      guestHookPath: "/usr/share/oci/hooks",
      sandboxId: "pod",
      hostname: "web",
      dns: ["nameserver 10.0.0.1", ""],
      sandboxPidns: false,
      kernelModules: [],
      storages: [
        {
          driver: "virtio-fs",
          source: "kataShared",
          fstype: "virtiofs",
          mountPoint: "/run/kata-containers/shared/containers/",
        },
      ],
    });
  });

  test("has shared memory of the size that the pod has, if it has any", () => {
    const { storages } = createSandboxRequest({ ...sandbox, shmBytes: 4096, sharedPidNamespace: true });
    expect(storages).toHaveLength(2);
    expect(storages[1]).toMatchObject({
      driver: "ephemeral",
      source: "shm",
      fstype: "tmpfs",
      mountPoint: guestShmDir,
      options: ["noexec", "nosuid", "nodev", "mode=1777", "size=4096"],
    });
  });

  test.each([
    ["ixgbe", { name: "ixgbe", parameters: [] }],
    ["  e1000e  Speed=1,2   Duplex=full ", { name: "e1000e", parameters: ["Speed=1,2", "Duplex=full"] }],
  ])("splits the module %j into its name and parameters", (line, module) => {
    expect(createSandboxRequest({ ...sandbox, kernelModules: [line] }).kernelModules).toMatchObject([module]);
  });
});

test("createContainerRequest() names the first process like its container, and says whose pids it sees", () => {
  const spec = (namespace: object) =>
    parseSpec(
      JSON.stringify({
        ociVersion: "1.1.0",
        process: { args: ["sh"], cwd: "/" },
        root: { path: "rootfs" },
        linux: { namespaces: [{ type: "mount" }, namespace] },
      }),
    ).value;
  const request = (namespace: object) =>
    createContainerRequest({
      id: "web",
      spec: spec(namespace),
      rootPath: "/rootfs",
      mounts: [],
      terminal: true,
      disableGuestSeccomp: true,
    });
  const own = request({ type: "pid" });
  expect(own).toMatchObject({ containerId: "web", execId: "web", sandboxPidns: false });
  expect(own.OCI).toMatchObject({ Root: { Path: "/rootfs" }, Process: { Terminal: true } });
  expect(request({ type: "pid", path: "/proc/7/ns/pid" }).sandboxPidns).toBe(true);
});

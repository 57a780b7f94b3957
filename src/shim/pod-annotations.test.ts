import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { configToml, FakeShim, minimalSpec } from "./testing/fake-shim.ts";

const config = "io.katacontainers.config.";
const sha512 = "a0".repeat(64);
const web = { id: "web", execId: "" };

/** A shim whose operator lets pods set what matches. */
function shimWith(enabled: readonly string[], more = ""): FakeShim {
  const shim = new FakeShim();
  const line = `enable_annotations = ${JSON.stringify(enabled)}\n${more}\n[agent.kata]`;
  shim.sys.fake.addFile("/etc/kata.toml", configToml.replace("[agent.kata]", line));
  return shim;
}

const specWith = (annotations: Record<string, string>, linux: object = {}) => ({
  ...minimalSpec,
  annotations,
  linux: { ...minimalSpec.linux, ...linux },
});

/** Why a container is not created. */
async function refusal(shim: FakeShim, spec: object): Promise<KataError> {
  const error = await shim.run(shim.service.create(shim.bundle("web", spec))).then(
    () => undefined,
    (reason: unknown) => KataError.from(reason),
  );
  expect(shim.sys.fake.spawned).toEqual([]);
  expect(shim.leftovers()).toEqual([]);
  expect(shim.tasks.inUse).toBe(false);
  if (error === undefined) throw new Error("It was created");
  return error;
}

test("the guest is told of the hooks that the operator's configuration names", async () => {
  const shim = shimWith([], 'guest_hook_path = "/usr/share/oci/hooks"');
  await shim.started("web");
  expect(shim.guest.sandboxes[0]?.guestHookPath).toBe("/usr/share/oci/hooks");
});

describe("what a pod's annotations ask for", () => {
  test("reaches the VM and the guest when the operator allows it", async () => {
    const shim = shimWith(["^default_memory$", "^kernel_modules$", "^disable_guest_seccomp$"]);
    const seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [] };
    const annotations = {
      [`${config}hypervisor.default_memory`]: "384",
      [`${config}agent.kernel_modules`]: "loop max_loop=4; dummy",
      [`${config}runtime.disable_guest_seccomp`]: "true",
    };
    await shim.started("web", specWith(annotations, { seccomp }));
    expect(shim.backends.vmSpec).toMatchObject({ memoryMib: 384 });
    expect(shim.guest.sandboxes[0]?.kernelModules).toEqual([
      { name: "loop", parameters: ["max_loop=4"] },
      { name: "dummy", parameters: [] },
    ]);
    expect(shim.guest.created[0]?.OCI?.Linux?.Seccomp).toBeUndefined();
    await shim.run(shim.service.kill({ id: "web", execId: "", signal: 9, all: false }));
    await shim.run(shim.service.wait(web));
    await shim.run(shim.service.delete(web));
    expect(shim.leftovers()).toEqual([]);
  });

  test("is refused by name and rule when he does not", async () => {
    const error = await refusal(shimWith([]), specWith({ [`${config}hypervisor.default_memory`]: "384" }));
    expect(error).toMatchObject({ code: "invalid-argument", stage: "load-config" });
    expect(error.message).toContain(`annotation ${config}hypervisor.default_memory  `);
    expect(error.message).toContain("enable_annotations");
    expect(error.hint).toBe("Correct the pod's annotations, or let the operator allow them");
  });

  test("is refused with everything that is wrong, one a line", async () => {
    const error = await refusal(
      shimWith(["default_.*", "kernel_params"]),
      specWith({
        [`${config}hypervisor.default_vcpus`]: "many",
        [`${config}hypervisor.default_memory`]: "-1",
        [`${config}hypervisor.path`]: "/bin/sh",
      }),
    );
    expect(error.message.split("\n")).toEqual([
      "The configuration has 3 problems",
      expect.stringContaining("hypervisor.default_memory"),
      expect.stringContaining("hypervisor.default_vcpus"),
      expect.stringContaining("hypervisor.path"),
    ]);
  });
});

describe("the hash of a file", () => {
  const spec = specWith({ [`${config}hypervisor.kernel_hash`]: sha512.toUpperCase() });

  test("is compared before anything is started", async () => {
    const shim = shimWith(["_hash$"]);
    await shim.started("web", spec);
    expect(shim.backends.verified).toEqual([`kernel /kernel ${sha512}`]);
  });

  test("that is another ends the start", async () => {
    const shim = shimWith(["_hash$"]);
    shim.backends.assetFailure = new KataError("failed-precondition", "The kernel has another hash");
    expect(await refusal(shim, spec)).toMatchObject({ code: "failed-precondition", stage: "check-assets" });
  });

  test("of a file that the configuration does not have ends the start", async () => {
    const name = `${config}hypervisor.image_hash`;
    expect(await refusal(shimWith(["_hash$"]), specWith({ [name]: sha512 }))).toMatchObject({
      code: "invalid-argument",
      stage: "check-assets",
      field: name,
    });
  });
});

test("a VM has no more vCPUs than the VMM can give, whatever the host has", async () => {
  const shim = shimWith([], "default_vcpus = -1");
  Object.assign(shim.sys, { cpuCount: () => 500 });
  await shim.started("web");
  expect(shim.backends.vmSpec).toMatchObject({ vcpus: 240, maxVcpus: 240 });
});

test("a container's swappiness reaches the agent, with a warning that its cgroup does not know it", async () => {
  const shim = new FakeShim();
  await shim.started("web", specWith({ "io.katacontainers.container.resource.swappiness": "60" }));
  expect(shim.guest.created[0]?.OCI?.Linux?.Resources?.Memory?.Swappiness).toBe(60n);
  expect(shim.records.filter(({ level }) => level === "warn").map(({ fields }) => fields.warning)).toEqual([
    "io.katacontainers.container.resource.swappiness changes nothing: cgroups of version 2 have no swappiness",
  ]);
});

import { expect, test } from "vitest";
import { Logger } from "../base/logger.ts";
import { hasDriver, hypervisorTypes } from "../config/hypervisor-type.ts";
import { configOf } from "../config/testing/config-of.ts";
import { createFakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { planVm } from "./qemu/plan.ts";
import { createHypervisor, type HypervisorDeps } from "./registry.ts";

const config = configOf(['[hypervisor.qemu]\nkernel = "/k"\ninitrd = "/i"\n']);

function deps(): HypervisorDeps {
  const sys = createFakeSys();
  const logger = new Logger({ sink: () => undefined, wallMs: () => 0 }, { level: "error" });
  return { sys, loop: new FakeLoop(sys), logger, planQemu: (config, spec) => planVm(sys, config, spec) };
}

test("createHypervisor() finds the driver by name", () => {
  const vm = createHypervisor(deps(), config);
  expect(vm.name).toBe("qemu");
  expect(vm.pid).toBeUndefined();
  expect(() => createHypervisor(deps(), { ...config, hypervisor: { ...config.hypervisor, name: "clh" } })).toThrow(
    "There is no driver for hypervisor clh",
  );
});

test("createHypervisor() has a driver for exactly the types of which the configuration says so", () => {
  const driven = hypervisorTypes.filter((name) => {
    try {
      createHypervisor(deps(), { ...config, hypervisor: { ...config.hypervisor, name } });
      return true;
    } catch {
      return false;
    }
  });
  expect(driven).toEqual(hypervisorTypes.filter(hasDriver));
});

test("what a driver lacks is unimplemented, what comes too early is a failed precondition", async () => {
  const vm = createHypervisor(deps(), config);
  for (const attempt of [vm.saveVm(), vm.resizeMemory(1), vm.resizeVcpus(2), vm.hotplugRemoveDevice("x")]) {
    await expect(attempt).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:unimplemented|failed-precondition)$/),
    });
  }
  await expect(vm.pauseVm()).rejects.toThrow("Cannot pause: the VM has not been started");
  await expect(vm.startVm()).rejects.toThrow("Cannot start: new");
  expect(() => vm.channels).toThrow("The VM has not been created");
  expect(await vm.stopVm()).toBeUndefined();
});

import type { TestContext } from "../../../test/native/runner.ts";
import { dialAgent } from "../../agent-client/dial.ts";
import { channelOpener } from "../../agent-client/open-channel.ts";
import { CancelSource } from "../../base/cancel.ts";
import { KataError } from "../../base/error.ts";
import type { VmSpec } from "../hypervisor.ts";
import { vmExitError } from "../vm-exit.ts";
import { type TestVm, testConfig, testVm } from "./vm-fixture.ts";

/** Connects to the agent; a VM that ends fails it at once. */
export function dial({ loop, sys }: TestContext, { vm, logger }: TestVm, timeoutMs = 60_000) {
  const cancel = new CancelSource();
  void vm.exited.then((exit) => cancel.cancel(vmExitError("QEMU", exit, "while the guest was booting")));
  const open = channelOpener({ sys, loop });
  return dialAgent({ open, clock: loop, logger }, vm.channels, { timeoutMs, signal: cancel.signal });
}

/** A VM whose agent answers. */
export async function booted(context: TestContext, keys = "", spec: Partial<VmSpec> = {}) {
  const machine = testVm(context, testConfig(context.sys, keys), spec);
  await machine.vm.createVm(machine.spec);
  await machine.vm.startVm();
  return { ...machine, connection: await dial(context, machine) };
}

/** The error that something must fail with. */
export async function rejection(work: Promise<unknown>): Promise<KataError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KataError) return error;
  throw new Error(`expected a KataError, got ${String(error)}`);
}

import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { HypervisorType } from "../config/hypervisor-type.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { Loop } from "../sys/loop.ts";
import type { Sys } from "../sys/sys.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { PlanVm } from "./qemu/plan.ts";
import { QemuHypervisor } from "./qemu/qemu-hypervisor.ts";

/** What drivers need of their surroundings. */
export interface HypervisorDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
  /** Decides what QEMU is to run; see `planVm`. */
  readonly planQemu: PlanVm;
}

const drivers: Readonly<
  Partial<Record<HypervisorType, new (deps: HypervisorDeps, config: RuntimeConfig) => Hypervisor>>
> = {
  qemu: QemuHypervisor,
};

/** A driver for one VM, by the configuration's hypervisor. Throws KataError `unimplemented` for one that is not known. */
export function createHypervisor(deps: HypervisorDeps, config: RuntimeConfig): Hypervisor {
  const { name } = config.hypervisor;
  const Driver = drivers[name];
  if (Driver !== undefined) return new Driver(deps, config);
  throw new KataError("unimplemented", `There is no driver for hypervisor ${name}`, {
    field: `hypervisor.${name}`,
    hint: `Use one of ${Object.keys(drivers).join(", ")}`,
  });
}

// A module that runs in a realm of its own.
import type { VmSpec } from "../../hypervisor/hypervisor.ts";
import { type PlannedConfig, type PlanSys, planVm } from "../../hypervisor/qemu/plan.ts";
import { linuxFiles } from "../../sys/linux/files.ts";
import { linuxSystem } from "../../sys/linux/system.ts";
import { answer, type RealmAnswer } from "./answer.ts";

const sys: PlanSys = { ...linuxFiles, ...linuxSystem };

/** Called by native/realm.c. */
export function run({ config, spec }: { readonly config: PlannedConfig; readonly spec: VmSpec }): RealmAnswer {
  return answer(() => planVm(sys, config, spec));
}

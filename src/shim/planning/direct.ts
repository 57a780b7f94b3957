import { podJudge } from "../../config/annotations/judge-pod.ts";
import { loadRuntimeConfig } from "../../config/load.ts";
import { planVm } from "../../hypervisor/qemu/plan.ts";
import type { Sys } from "../../sys/sys.ts";
import { planPod } from "./plan-pod.ts";
import type { PlanningDeps } from "./plan-sandbox.ts";
import { planTask } from "./plan-task.ts";
import type { Planner } from "./planner.ts";

/** Plans in the caller's own realm. */
export function directPlanner(sys: Sys): Planner {
  const deps: PlanningDeps = {
    sys,
    config: (path, annotations) => loadRuntimeConfig({ sys }, { path, judge: podJudge(annotations) }),
  };
  return {
    task: (question) => planTask(deps, question),
    pod: (question) => planPod(deps, question),
    qemu: (config, spec) => planVm(sys, config, spec),
  };
}

import type { VmPlan } from "../../hypervisor/qemu/plan.ts";
import { askRealm } from "./ask-realm.ts";
import type { Planner, SandboxPlan, TaskPlan } from "./planner.ts";

/** Plans in realms, each with the code that one question needs; see `inRealm`. */
export const realmPlanner: Planner = {
  task(question) {
    const plan = askRealm("task.js", question) as TaskPlan;
    const { container } = plan;
    const { spec } = container;
    // Their keys are a pod's author's, so they have no prototype; it came back on the way.
    const linux = { ...spec.linux, sysctl: bare(spec.linux.sysctl) };
    return { ...plan, container: { ...container, spec: { ...spec, linux, annotations: bare(spec.annotations) } } };
  },
  pod: (question) => askRealm("pod.js", question) as SandboxPlan,
  qemu: ({ hypervisor, agent }, spec) => askRealm("qemu.js", { config: { hypervisor, agent }, spec }) as VmPlan,
};

function bare(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.assign(Object.create(null), map);
}

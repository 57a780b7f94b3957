import { KataError } from "../../../../base/error.ts";
import { checkModel } from "../../../../resource/network/model.ts";
import { isErrno } from "../../../../sys/error.ts";
import { type HostSys, isForRootOnly, type Probe, withConfiguration } from "../probe.ts";
import { moduleState } from "./modules.ts";

const tun = "/dev/net/tun";
/** What traffic is redirected with between the pod's interface and the VM's. */
const trafficControl = ["sch_ingress", "cls_u32", "act_mirred"];

/** Pods' interfaces can be joined to VMs. */
export const networkProbe: Probe = {
  id: "network",
  title: "networks of pods",
  needed: "recommended",
  run: withConfiguration(({ runtime }, { sys }) => {
    const model = runtime.internetworkingModel;
    if (model === "none") return { result: "skipped", reason: 'internetworking_model is "none"' };
    try {
      checkModel(model);
    } catch (error) {
      if (!(error instanceof KataError)) throw error;
      return { result: "failed", reason: error.message, remedy: error.hint ?? "Change internetworking_model" };
    }
    try {
      sys.close(sys.open(tun, { read: true, write: true, nonBlocking: true }));
    } catch (error) {
      if (isForRootOnly(error, sys)) throw error;
      if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "EPERM", "ENODEV", "ENXIO")) throw error;
      return {
        result: "warning",
        reason: `only sandboxes without a network can start: ${(error as Error).message}`,
        remedy: "modprobe tun; in a container, pass /dev/net/tun in",
      };
    }
    const absent = hasModules(sys) ? trafficControl.filter((name) => moduleState(sys, name) === "missing") : [];
    if (absent.length === 0) return { result: "ok", reason: `${model} by ${tun}` };
    return {
      result: "warning",
      reason: `only sandboxes without a network can start: the kernel lacks ${absent.join(", ")}`,
      remedy: "Use a kernel with them: CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_U32, CONFIG_NET_ACT_MIRRED",
    };
  }),
};

/** Without the list of its modules nobody can tell what a kernel has built in. */
function hasModules(sys: HostSys): boolean {
  return sys.exists(`/lib/modules/${sys.uname().release}/modules.dep`);
}

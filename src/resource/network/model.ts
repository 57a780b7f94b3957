import { KataError } from "../../base/error.ts";
import type { RuntimeOptions } from "../../config/runtime-config.ts";

/** How a pod's interface is joined to a VM: the values of `internetworking_model`. */
export type NetworkModel = RuntimeOptions["internetworkingModel"];

/**
 * What each model does with the tap. `redirect`: what comes in over one leaves over the other, both ways; neither needs an
 * address or a bridge. `leave`: somebody else joins it.
 */
const models: Readonly<Record<NetworkModel, "redirect" | "leave" | "unsupported">> = {
  tcfilter: "redirect",
  none: "leave",
  macvtap: "unsupported",
  l3forwarding: "unsupported",
};

/** Throws KataError `unimplemented` for a model that this program does not have. */
export function checkModel(model: NetworkModel): void {
  if (models[model] !== "unsupported") return;
  const known = Object.entries(models).flatMap(([name, what]) => (what === "unsupported" ? [] : [name]));
  throw new KataError("unimplemented", `Networking model ${model} is not supported`, {
    field: "runtime.internetworking_model",
    hint: `Use one of ${known.join(", ")}`,
  });
}

/** Whether this program joins the tap to the pod's interface. */
export function joinsTap(model: NetworkModel): boolean {
  return models[model] === "redirect";
}

import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { RuntimeOptions } from "../../config/runtime-config.ts";
import type { RtnetlinkClient } from "../../wire/netlink/client.ts";
import { whileBusy } from "./tap.ts";

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

/** drivers/net/tun.c: 65535 bytes with the Ethernet header. */
const MAX_TAP_MTU = 65_535 - 14;

export interface JoinDeps {
  readonly net: RtnetlinkClient;
  readonly clock: Clock;
  /** Called right before the pod's interface is changed. */
  readonly register: () => void;
}

/**
 * Brings a tap up with the MTU of the pod's interface and joins the two. Rejects with KataError, `failed-precondition` when
 * somebody else looks at the interface's packets already.
 */
export async function joinTap(
  { net, clock, register }: JoinDeps,
  model: NetworkModel,
  {
    name,
    linkIndex,
    mtu,
    tap,
  }: { readonly name: string; readonly linkIndex: number; readonly mtu: number; readonly tap: string },
): Promise<void> {
  const tapIndex = (await net.findLink(tap))?.index;
  if (tapIndex === undefined) throw new KataError("not-found", `The tap ${tap} is gone`);
  await net.setLink(tapIndex, { mtu: Math.min(mtu, MAX_TAP_MTU), up: true });
  if (models[model] !== "redirect") return;
  if ((await net.ingressLinks()).includes(linkIndex)) {
    throw new KataError(
      "failed-precondition",
      `Interface ${name} has an ingress qdisc already: another VM or program uses its packets`,
    );
  }
  register();
  for (const index of [tapIndex, linkIndex]) await whileBusy(clock, () => net.addIngress(index));
  await whileBusy(clock, () => net.redirectIngress(tapIndex, linkIndex));
  await whileBusy(clock, () => net.redirectIngress(linkIndex, tapIndex));
}

import { NetlinkReader, NetlinkWriter } from "./buffer.ts";

// Constants of linux/pkt_sched.h, linux/pkt_cls.h and linux/tc_act/tc_mirred.h.
const TC_H_INGRESS = 0xffff_fff1;
const INGRESS_HANDLE = 0xffff_0000;
const ETH_P_ALL = 3;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_U32_SEL = 5;
const TCA_U32_ACT = 7;
const TC_U32_TERMINAL = 1;
const TCA_ACT_KIND = 1;
const TCA_ACT_OPTIONS = 2;
const TCA_MIRRED_PARMS = 2;
const TCA_EGRESS_REDIR = 1;
const TC_ACT_STOLEN = 4;
/** Of the rules of a link, the one with the lower number is asked first. */
const PRIORITY = 1;

/** Payload of RTM_NEWQDISC or RTM_DELQDISC: the place where packets that come in over a link can be looked at. */
export function encodeIngressQdisc(linkIndex: number): Uint8Array {
  return header(linkIndex, INGRESS_HANDLE, TC_H_INGRESS, 0).attributeText(TCA_KIND, "ingress").finish();
}

/** Payload of a dump of all qdiscs. */
export function encodeQdiscDump(): Uint8Array {
  return header(0, 0, 0, 0).finish();
}

/** Decodes the payload of RTM_NEWQDISC: the index of the link if this is a qdisc for what comes in. */
export function decodeIngressQdisc(payload: Uint8Array): number | undefined {
  const reader = new NetlinkReader(payload);
  return reader.u32(12) === TC_H_INGRESS ? reader.i32(4) : undefined;
}

/**
 * Payload of RTM_NEWTFILTER: every packet that comes in over `from`, which has an ingress qdisc, leaves over `to`. As by
 * `tc filter add dev FROM ingress protocol all u32 match u8 0 0 action mirred egress redirect dev TO`.
 */
export function encodeRedirect(from: number, to: number): Uint8Array {
  // In network byte order, as all protocol numbers of the kernel are.
  const protocol = ((ETH_P_ALL & 0xff) << 8) | (ETH_P_ALL >> 8);
  return header(from, 0, INGRESS_HANDLE, ((PRIORITY << 16) | protocol) >>> 0)
    .attributeText(TCA_KIND, "u32")
    .attributeNested(TCA_OPTIONS, (options) =>
      options
        .attribute(TCA_U32_SEL, matchAll())
        .attributeNested(TCA_U32_ACT, (actions) =>
          actions.attributeNested(1, (action) =>
            action
              .attributeText(TCA_ACT_KIND, "mirred")
              .attributeNested(TCA_ACT_OPTIONS, (mirred) => mirred.attribute(TCA_MIRRED_PARMS, redirectTo(to))),
          ),
        ),
    )
    .finish();
}

/** struct tc_u32_sel with one key, whose mask is empty. */
function matchAll(): Uint8Array {
  const keys = 1;
  const selector = new Uint8Array(16 + 16 * keys);
  selector.set([TC_U32_TERMINAL, 0, keys]);
  return selector;
}

/** struct tc_mirred. */
function redirectTo(linkIndex: number): Uint8Array {
  return new NetlinkWriter()
    .u32(0)
    .u32(0)
    .u32(TC_ACT_STOLEN)
    .u32(0)
    .u32(0)
    .u32(TCA_EGRESS_REDIR)
    .u32(linkIndex)
    .finish();
}

/** struct tcmsg. */
function header(linkIndex: number, handle: number, parent: number, info: number): NetlinkWriter {
  return new NetlinkWriter().u32(0).u32(linkIndex).u32(handle).u32(parent).u32(info);
}

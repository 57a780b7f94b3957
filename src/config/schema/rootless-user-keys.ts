import { idList, integer, text } from "./key.ts";
import { noEffect } from "./limit.ts";

const sameUser = "the VMM runs as the shim's user";

/** `[hypervisor.NAME.rootless_user]`: whom `rootless` runs the VMM as. Normally the runtime makes such a user itself. */
export const rootlessUserKeys = {
  user_name: text({
    fallback: "",
    maxLength: 256,
    hypervisors: ["qemu", "clh", "openvmm"],
    limits: noEffect(sameUser),
    meaning: "Name of the VMM's user",
  }),
  uid: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    hypervisors: ["qemu", "clh", "openvmm"],
    limits: noEffect(sameUser),
    meaning: "Number of the VMM's user",
  }),
  gid: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    hypervisors: ["qemu", "clh", "openvmm"],
    limits: noEffect(sameUser),
    meaning: "Number of the VMM's group",
  }),
  groups: idList({
    fallback: [],
    hypervisors: ["qemu", "clh", "openvmm"],
    limits: noEffect(sameUser),
    meaning: "Numbers of further groups, such as kvm's",
  }),
} as const;

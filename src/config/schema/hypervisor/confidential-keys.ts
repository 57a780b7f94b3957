import { choice, flag, integer, text, wideInteger } from "../key.ts";
import { noEffect, notPossible } from "../limit.ts";

const base64 = { pattern: /^[\w+/=-]*$/, rule: "must be base64 text" } as const;
const plainGuests = "VMs are not protected from the host";

/** VMs whose memory the host cannot read. */
export const confidentialKeys = {
  confidential_guest: flag({
    fallback: false,
    hypervisors: ["qemu", "clh"],
    limits: notPossible(plainGuests),
    meaning: "Protects the guest from the host with what the CPU has: TDX, SEV, SNP, Secure Execution, PEF, CCA",
  }),
  sev_snp_guest: flag({
    fallback: false,
    hypervisors: ["qemu"],
    limits: notPossible(plainGuests),
    meaning: "Takes SNP rather than SEV on hosts that have both",
  }),
  snp_guest_policy: wideInteger({
    fallback: undefined,
    hypervisors: ["qemu"],
    limits: noEffect(plainGuests),
    meaning: "Bits of the policy that an SNP guest is started with; unset: QEMU's",
  }),
  snp_id_block: text({
    ...base64,
    fallback: "",
    hypervisors: ["qemu"],
    limits: notPossible(plainGuests),
    meaning: "Identity block of an SNP guest, in base64; goes with snp_id_auth",
  }),
  snp_id_auth: text({
    ...base64,
    fallback: "",
    maxLength: 16_384,
    hypervisors: ["qemu"],
    limits: notPossible(plainGuests),
    meaning: "Signature of an SNP guest's identity block, in base64; goes with snp_id_block",
  }),
  tdx_quote_generation_service_socket_port: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    hypervisors: ["qemu"],
    limits: noEffect(plainGuests, { harmless: [4050] }),
    meaning: "vsock port of the host's service that signs TDX reports; 0: its unix socket",
  }),
  measurement_algo: choice(["sha512", "sha256"], {
    fallback: "sha512",
    hypervisors: ["qemu", "clh"],
    limits: noEffect(plainGuests),
    meaning: "Digest that measures a CCA realm",
  }),
} as const;

import { capabilityNames } from "../../oci/capabilities.ts";
import { UsageError } from "../args/usage-error.ts";

/**
 * docker's default set without CAP_MKNOD: a device node is a key to the device behind it, and the ones that a container
 * needs are made for it.
 */
const defaults = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

/** Reads a value of `--cap-add` or `--cap-drop`: `NET_ADMIN`, `CAP_NET_ADMIN` or `ALL`. Throws UsageError. */
export function parseCapability(text: string): string {
  const upper = text.toUpperCase();
  if (upper === "ALL") return upper;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (capabilityNames.has(name)) return name;
  throw new UsageError(`must be a capability such as NET_ADMIN, or ALL; got "${text}"`);
}

/** The capabilities of a container: the defaults, without what is dropped, with what is added. */
export function chooseCapabilities(add: readonly string[], drop: readonly string[]): string[] {
  const base = add.includes("ALL") ? [...capabilityNames] : defaults;
  const kept = drop.includes("ALL") ? [] : base.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add.filter((name) => name !== "ALL")])].sort();
}

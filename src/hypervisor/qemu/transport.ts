import { KataError } from "../../base/error.ts";
import type { AgentTransport } from "../../config/runtime-config.ts";
import type { FilesPort } from "../../sys/port/files.ts";

type Transport = Exclude<AgentTransport, "auto">;

/** Where vhost-device-vsock is looked for. */
const vsockDaemons = [
  "/usr/bin/vhost-device-vsock",
  "/usr/libexec/vhost-device-vsock",
  "/usr/local/bin/vhost-device-vsock",
];

/** The chosen way to the agent; `daemon` is the program that hybrid vsock needs. */
export interface TransportChoice {
  readonly kind: Transport;
  readonly daemon: string | undefined;
}

/** Picks the way to the agent; a forced one that the host lacks throws KataError `failed-precondition`. */
export function chooseTransport(sys: Pick<FilesPort, "exists">, wanted: AgentTransport): TransportChoice {
  const daemon = vsockDaemons.find((path) => sys.exists(path));
  const has: Readonly<Record<Transport, boolean>> = {
    vsock: sys.exists("/dev/vhost-vsock"),
    "hybrid-vsock": daemon !== undefined,
    "virtio-serial": true,
  };
  const order: readonly Transport[] = ["vsock", "hybrid-vsock", "virtio-serial"];
  const kind = wanted === "auto" ? order.find((one) => has[one]) : wanted;
  if (kind !== undefined && has[kind]) return { kind, daemon: kind === "hybrid-vsock" ? daemon : undefined };
  const missing: Readonly<Record<string, string>> = {
    vsock: "the host has no /dev/vhost-vsock",
    "hybrid-vsock": "vhost-device-vsock is not installed",
  };
  throw new KataError("failed-precondition", `Agent transport ${wanted} is not possible: ${missing[wanted]}`, {
    field: "agent.kata.agent_transport",
    hint: 'Set agent_transport = "auto" or "virtio-serial"; the latter works everywhere',
  });
}

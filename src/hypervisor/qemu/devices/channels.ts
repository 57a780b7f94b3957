import type { MachineTransport } from "../machine.ts";
import { option } from "../option.ts";
import type { Placement } from "./placement.ts";

/** The devices behind the agent's channels. */
export function channelArgs(transport: MachineTransport, place: Placement): string[] {
  switch (transport.kind) {
    case "virtio-serial":
      return serialArgs(transport, place);
    case "vsock":
      return [...place.virtio("vhost-vsock", { id: "vsock0", "guest-cid": transport.cid }).args];
    case "hybrid-vsock":
      return [
        "-chardev",
        option("socket", { id: "vsockchar0", path: transport.socketPath }),
        ...place.virtio("vhost-user-vsock", { id: "vsock0", chardev: "vsockchar0" }).args,
      ];
    default:
      return transport satisfies never;
  }
}

/**
 * One virtio-serial port per channel. Its socket listens before QEMU starts, so connecting needs no waiting; bytes that
 * come before the guest has opened the port wait in the socket (hw/char/virtio-console.c reads only for an open port).
 */
function serialArgs({ ports }: Extract<MachineTransport, { kind: "virtio-serial" }>, place: Placement): string[] {
  const args = [...place.virtio("virtio-serial", { id: "serial0", max_ports: ports.length + 1 }).args];
  ports.forEach(({ name, chardev, fd }, index) => {
    args.push("-chardev", option("socket", { id: chardev, fd, server: true, wait: false }));
    args.push("-device", option("virtserialport", { bus: "serial0.0", nr: index + 1, chardev, name }));
  });
  return args;
}

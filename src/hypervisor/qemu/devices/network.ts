import type { PlacedDevice } from "../machine.ts";
import { option, qemuId } from "../option.ts";
import type { Placement } from "./placement.ts";

/** A virtio-net device on taps that the caller has opened. With several queues every queue pair gets its interrupt vectors. */
export function networkArgs(device: Extract<PlacedDevice, { kind: "network" }>, place: Placement): string[] {
  const { fds, queues, mac } = device;
  const id = qemuId(device.id);
  const descriptors = fds.length === 1 ? { fd: fds[0] } : { fds: fds.join(":") };
  const multi = queues > 1 ? { mq: true, vectors: 2 * queues + 2 } : {};
  return [
    "-netdev",
    option("tap", { id: `net-${id}`.slice(0, 31), vhost: false, ...descriptors }),
    // The boot ROM is of no use to a machine that starts its kernel directly.
    ...place.virtio("virtio-net", { id, netdev: `net-${id}`.slice(0, 31), mac, romfile: "", ...multi }).args,
  ];
}

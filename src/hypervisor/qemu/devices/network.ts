import type { HypervisorConfig } from "../../../config/runtime-config.ts";
import type { FilesPort } from "../../../sys/port/files.ts";
import type { PlacedDevice } from "../machine.ts";
import { option, qemuId } from "../option.ts";
import type { Placement } from "./placement.ts";

const vhostNetPath = "/dev/vhost-net";

/** Whether the host's kernel moves packets between taps and the guest's memory, rather than QEMU. */
export function usesVhostNet(
  sys: Pick<FilesPort, "exists">,
  { disableVhostNet }: Pick<HypervisorConfig, "disableVhostNet">,
): boolean {
  return !disableVhostNet && sys.exists(vhostNetPath);
}

/** A virtio-net device on taps that the caller has opened. */
export function networkArgs(
  device: Extract<PlacedDevice, { kind: "network" }>,
  vhost: boolean,
  place: Placement,
): string[] {
  const { fds, queues, mac } = device;
  const id = qemuId(device.id);
  const netdev = netdevId(id);
  const descriptors = fds.length === 1 ? { fd: fds[0] } : { fds: fds.join(":") };
  return [
    "-netdev",
    option("tap", { id: netdev, vhost, ...descriptors }),
    // The boot ROM is of no use to a machine that starts its kernel directly.
    ...place.virtio("virtio-net", { id, netdev, mac, romfile: "", ...multiQueue(queues) }).args,
  ];
}

/** QEMU's name for the host's side of a network device. */
export function netdevId(id: string): string {
  return `net-${id}`.slice(0, 31);
}

/** With several queues every queue pair gets its interrupt vectors, and the control queue and the configuration theirs. */
export function multiQueue(queues: number): { readonly mq?: boolean; readonly vectors?: number } {
  return queues > 1 ? { mq: true, vectors: 2 * queues + 2 } : {};
}

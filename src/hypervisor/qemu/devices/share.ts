import type { Device } from "../../hypervisor.ts";
import { option } from "../option.ts";
import type { Placement } from "./placement.ts";

/** A virtio-fs device whose daemon speaks vhost-user on a socket. It needs guest memory that is shared. */
export function shareArgs(device: Extract<Device, { kind: "share" }>, index: number, place: Placement): string[] {
  const chardev = `sharechar${index}`;
  return [
    "-chardev",
    option("socket", { id: chardev, path: device.socketPath }),
    ...place.virtio("vhost-user-fs", {
      id: `share${index}`,
      chardev,
      tag: device.tag,
      "queue-size": device.queueSize,
    }).args,
  ];
}

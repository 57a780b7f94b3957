import { option } from "../option.ts";
import type { Placement } from "./placement.ts";

/** The guest's root disk, read-only for the VMM as well: a disk, or persistent memory that the guest maps (DAX). */
export function imageArgs(
  path: string,
  sizeBytes: number,
  driver: "virtio-blk" | "nvdimm",
  place: Placement,
): string[] {
  if (driver === "nvdimm") {
    return [
      "-object",
      option("memory-backend-file", {
        id: "image0",
        "mem-path": path,
        size: sizeBytes,
        share: true,
        readonly: true,
      }),
      "-device",
      option("nvdimm", { id: "nv0", memdev: "image0", unarmed: true }),
    ];
  }
  return [
    "-blockdev",
    option("", {
      "node-name": "node-image0",
      driver: "raw",
      "read-only": true,
      "file.driver": "file",
      "file.filename": path,
    }),
    ...place.virtio("virtio-blk", { id: "image0", drive: "node-image0" }).args,
  ];
}

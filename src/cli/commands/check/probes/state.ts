import { formatSize } from "../../../../base/units.ts";
import type { Probe } from "../probe.ts";

/** Where records, sockets and the directories that guests share are made. */
const directory = "/run";
const MIB = 1024n * 1024n;
/** A sandbox needs some hundred KiB, and a busy host has many. */
const roomy = 64n * MIB;
const least = MIB;

/** There is room for what a sandbox writes while it runs. */
export const stateProbe: Probe = {
  id: "state",
  title: "room for state",
  needed: "required",
  run({ sys }) {
    const { availableBlocks, blockSize, files, freeFiles } = sys.statFs(directory);
    const room = availableBlocks * BigInt(blockSize);
    const reason = `${formatSize(Number(room))} are free in ${directory}`;
    const remedy = `See what fills it: du -xh -d 1 ${directory}; kata-ctl gc lists what dead sandboxes left there`;
    // A file system without a fixed number of files says 0 of both.
    if (files > 0n && freeFiles === 0n) {
      return { result: "failed", reason: `${directory} can hold no more files, whatever their size`, remedy };
    }
    if (room >= roomy) return { result: "ok", reason };
    return { result: room < least ? "failed" : "warning", reason, remedy };
  },
};

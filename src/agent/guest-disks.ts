import { isErrno } from "../sys/error.ts";
import type { DeviceNumber, FilesPort } from "../sys/port/files.ts";
import { listNames } from "./devices/pci-path.ts";

/**
 * Block devices under the guest's own root file system: the mounted one, the disk it is a partition of, and what a
 * device-mapper device lies on. Containers must not reach them (CVE-2020-2023). None when the root is an initramfs.
 */
export function guestDisks(sys: FilesPort): DeviceNumber[] {
  const root = parseRootDevice(sys.readText("/proc/self/mountinfo"));
  if (root === undefined || root.major === 0) return [];
  const found = new Map<string, DeviceNumber>();
  const visit = (device: DeviceNumber): void => {
    const key = `${device.major}:${device.minor}`;
    if (found.has(key)) return;
    found.set(key, device);
    const dir = sysfsDir(sys, key);
    if (dir === undefined) return;
    const related = [`${dir}/..`, ...listNames(sys, `${dir}/slaves`).map((name) => `${dir}/slaves/${name}`)];
    for (const other of related) {
      const number = readDevice(sys, `${other}/dev`);
      if (number !== undefined) visit(number);
    }
  };
  visit(root);
  return [...found.values()];
}

/** The device of the topmost mount at `/` in the text of /proc/PID/mountinfo. */
export function parseRootDevice(mountInfo: string): DeviceNumber | undefined {
  let device: DeviceNumber | undefined;
  for (const line of mountInfo.split("\n")) {
    const fields = line.split(" ", 5);
    if (fields[4] === "/") device = parseDevice(fields[2] ?? "") ?? device;
  }
  return device;
}

function parseDevice(text: string): DeviceNumber | undefined {
  const match = /^(\d+):(\d+)$/.exec(text.trim());
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

function sysfsDir(sys: FilesPort, key: string): string | undefined {
  try {
    return sys.realPath(`/sys/dev/block/${key}`);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

function readDevice(sys: FilesPort, path: string): DeviceNumber | undefined {
  try {
    return parseDevice(sys.readText(path));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

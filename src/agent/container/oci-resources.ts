import type { DeviceNumber } from "../../sys/port/files.ts";
import type {
  LinuxBlockIO,
  LinuxDevice,
  LinuxDeviceCgroup,
  LinuxResources,
  LinuxThrottleDevice,
} from "../../wire/gen/agent/oci.ts";
import { exact, type Json } from "./json.ts";
import { invalid, isNormalPath } from "./rules.ts";

/** Device nodes that every container may use, and the right to create nodes without using them (as runc and crun). */
const DEFAULT_DEVICES: readonly Json[] = [
  rule("c", undefined, undefined, "m"),
  rule("b", undefined, undefined, "m"),
  rule("c", 1, 3), // null
  rule("c", 1, 5), // zero
  rule("c", 1, 7), // full
  rule("c", 1, 8), // random
  rule("c", 1, 9), // urandom
  rule("c", 5, 0), // tty
  rule("c", 5, 2), // ptmx
  rule("c", 136, undefined), // pts/*
];

function rule(type: string, major: number | undefined, minor: number | undefined, access = "rwm", allow = true): Json {
  return { allow, type, major, minor, access };
}

/** One node of `linux.devices`; throws `invalid-argument` for malformed ones and for the guest's own disk. */
export function ociDevice(device: LinuxDevice, guestDisks: readonly DeviceNumber[]): Json {
  const field = `linux.devices[${device.Path}]`;
  if (!isNormalPath(device.Path))
    throw invalid(field, `Device path must be absolute without .., got ${JSON.stringify(device.Path)}`);
  if (!/^[cubp]$/.test(device.Type))
    throw invalid(field, `Device type must be c, u, b or p, got ${JSON.stringify(device.Type)}`);
  for (const number of [device.Major, device.Minor]) {
    if (number < 0n || number > 0xfffffn)
      throw invalid(field, `Device number must lie from 0 to 1048575, got ${number}`);
  }
  const [major, minor] = [Number(device.Major), Number(device.Minor)];
  if (device.Type === "b" && guestDisks.some((disk) => disk.major === major && disk.minor === minor)) {
    throw invalid(field, `${device.Path} is the guest's own root disk (${major}:${minor}): no container may use it`);
  }
  const fileMode = device.FileMode === 0 ? 0o666 : device.FileMode & 0o777;
  return { path: device.Path, type: device.Type, major, minor, fileMode, uid: device.UID, gid: device.GID };
}

/**
 * `linux.resources` for config.json. Zero means "not given", as everywhere in the wire API. Settings that cgroup v2
 * does not have (kernel memory, swappiness, realtime) are left out. Device access is closed by default; the guest's
 * own disks stay closed whatever the specification says, so that a container cannot edit the guest's root.
 */
export function ociResources(
  resources: LinuxResources | undefined,
  devices: readonly LinuxDevice[],
  guestDisks: readonly DeviceNumber[],
): Json {
  return {
    devices: [
      { allow: false, access: "rwm" },
      ...DEFAULT_DEVICES,
      ...devices
        .filter(({ Type }) => Type !== "p")
        .map(({ Type, Major, Minor }) => rule(Type === "b" ? "b" : "c", Number(Major), Number(Minor))),
      ...(resources?.Devices ?? []).map(deviceRule),
      ...guestDisks.map(({ major, minor }) => rule("b", major, minor, "rwm", false)),
    ],
    memory: memory(resources),
    cpu: cpu(resources),
    pids:
      resources?.Pids === undefined || resources.Pids.Limit === 0n ? undefined : { limit: exact(resources.Pids.Limit) },
    blockIO: resources?.BlockIO === undefined ? undefined : blockIo(resources.BlockIO),
    hugepageLimits: (resources?.HugepageLimits ?? []).map(({ Pagesize, Limit }) => {
      if (!/^\d{1,6}[KMG]B$/.test(Pagesize))
        throw invalid(
          "linux.resources.hugepageLimits",
          `Huge page size must look like 2MB, got ${JSON.stringify(Pagesize)}`,
        );
      return { pageSize: Pagesize, limit: exact(Limit) };
    }),
  };
}

function deviceRule(entry: LinuxDeviceCgroup): Json {
  const field = "linux.resources.devices";
  if (!/^[acb]?$/.test(entry.Type))
    throw invalid(field, `Device rule type must be a, c or b, got ${JSON.stringify(entry.Type)}`);
  if (!/^[rwm]{0,3}$/.test(entry.Access))
    throw invalid(field, `Device rule access must be made of r, w and m, got ${JSON.stringify(entry.Access)}`);
  const wildcard = (number: bigint) =>
    entry.Type === "a" || entry.Type === "" || number < 0n ? undefined : Number(number);
  return {
    allow: entry.Allow,
    type: entry.Type === "" ? "a" : entry.Type,
    major: wildcard(entry.Major),
    minor: wildcard(entry.Minor),
    access: entry.Access === "" ? "rwm" : entry.Access,
  };
}

const given = (value: bigint): number | bigint | undefined => (value === 0n ? undefined : exact(value));

function memory(resources: LinuxResources | undefined): Json | undefined {
  const Memory = resources?.Memory;
  if (Memory === undefined) return undefined;
  if (Memory.Limit < -1n)
    throw invalid("linux.resources.memory.limit", `Memory limit must be -1 or positive, got ${Memory.Limit}`);
  return { limit: given(Memory.Limit), reservation: given(Memory.Reservation), swap: given(Memory.Swap) };
}

function cpu(resources: LinuxResources | undefined): Json | undefined {
  const CPU = resources?.CPU;
  if (CPU === undefined) return undefined;
  const list = (field: string, text: string) => {
    if (text !== "" && !/^[\d,-]{1,4096}$/.test(text))
      throw invalid(field, `${field} must be a list such as 0-2,4, got ${JSON.stringify(text)}`);
    return text === "" ? undefined : text;
  };
  return {
    shares: given(CPU.Shares),
    quota: given(CPU.Quota),
    period: given(CPU.Period),
    cpus: list("linux.resources.cpu.cpus", CPU.Cpus),
    mems: list("linux.resources.cpu.mems", CPU.Mems),
  };
}

function blockIo(io: LinuxBlockIO): Json {
  const throttle = (list: readonly LinuxThrottleDevice[]) =>
    list.length === 0
      ? undefined
      : list.map(({ Major, Minor, Rate }) => ({ major: exact(Major), minor: exact(Minor), rate: exact(Rate) }));
  return {
    weight: io.Weight === 0 ? undefined : io.Weight,
    throttleReadBpsDevice: throttle(io.ThrottleReadBpsDevice),
    throttleWriteBpsDevice: throttle(io.ThrottleWriteBpsDevice),
    throttleReadIOPSDevice: throttle(io.ThrottleReadIOPSDevice),
    throttleWriteIOPSDevice: throttle(io.ThrottleWriteIOPSDevice),
  };
}

import { KataError } from "../../base/error.ts";
import type { DeviceNumber, FilesPort } from "../../sys/port/files.ts";
import type { Device } from "../../wire/gen/agent/agent.ts";
import type { Spec } from "../../wire/gen/agent/oci.ts";
import { invalid } from "../container/rules.ts";
import type { DeviceFinder } from "./finder.ts";

/** Device types by their name on the wire, and how each is found in the guest. */
const kinds: Readonly<Record<string, (finder: DeviceFinder, device: Device) => Promise<string>>> = {
  blk: (finder, { vmPath, id }) => (vmPath === "" ? finder.virtioBlock(id) : finder.mmioBlock(vmPath)),
  mmioblk: (finder, { vmPath }) => finder.mmioBlock(vmPath),
  scsi: (finder, { id }) => finder.scsi(id),
  nvdimm: (finder, { vmPath }) => finder.pmem(vmPath),
};

/**
 * Waits for the devices of a container and corrects the specification: the host wrote its own device numbers for the
 * container's paths, here they become the guest's.
 */
export async function attachDevices(
  deps: { readonly sys: FilesPort; readonly finder: DeviceFinder },
  spec: Spec,
  devices: readonly Device[],
): Promise<void> {
  for (const [index, device] of devices.entries()) {
    const find = kinds[device.type];
    const field = `devices[${index}]`;
    if (find === undefined) {
      throw new KataError(
        "unimplemented",
        `Device type must be one of ${Object.keys(kinds).join(", ")}, got ${JSON.stringify(device.type)}`,
        { field },
      );
    }
    const node = await find(deps.finder, device);
    const number = deps.sys.stat(node).represents;
    const entry = spec.Linux?.Devices.find(({ Path }) => Path === device.containerPath);
    if (entry === undefined)
      throw invalid(field, `The specification has no device ${JSON.stringify(device.containerPath)}`);
    replaceRules(spec, { major: Number(entry.Major), minor: Number(entry.Minor) }, number);
    entry.Type = "b";
    entry.Major = BigInt(number.major);
    entry.Minor = BigInt(number.minor);
  }
}

function replaceRules(spec: Spec, host: DeviceNumber, guest: DeviceNumber): void {
  for (const rule of spec.Linux?.Resources?.Devices ?? []) {
    if (rule.Major !== BigInt(host.major) || rule.Minor !== BigInt(host.minor)) continue;
    rule.Major = BigInt(guest.major);
    rule.Minor = BigInt(guest.minor);
  }
}

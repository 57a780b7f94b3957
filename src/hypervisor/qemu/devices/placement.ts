import { type OptionFields, option } from "../option.ts";
import { guestPciPath, PciSlots } from "../pci-slots.ts";

/** Where virtio devices go: PCI slots on q35, virtio-mmio on microvm. */
export interface Placement {
  /** `-device` and its value for a virtio device such as `virtio-blk`, and the slot it got. */
  virtio(device: string, fields: OptionFields): { readonly args: readonly string[]; readonly slot: number | undefined };
  /** A slot for another PCI device; undefined without PCI. */
  slot(): number | undefined;
}

/** Each device in the next slot of the root bus. */
export function pciPlacement(): Placement {
  const slots = new PciSlots();
  return {
    virtio(device, fields) {
      const slot = slots.take();
      return { slot, args: ["-device", option(`${device}-pci`, { ...fields, addr: guestPciPath(slot) })] };
    },
    slot: () => slots.take(),
  };
}

/** Properties that devices have because of PCI. */
const pciOnly = ["romfile", "vectors"];

/** The transports of microvm, which QEMU assigns by itself. */
export function mmioPlacement(): Placement {
  return {
    virtio(device, fields) {
      const own = Object.fromEntries(Object.entries(fields).filter(([key]) => !pciOnly.includes(key)));
      return { slot: undefined, args: ["-device", option(`${device}-device`, own)] };
    },
    slot: () => undefined,
  };
}

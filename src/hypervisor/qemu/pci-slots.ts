import { KataError } from "../../base/error.ts";

// Slot 0 is the host bridge, 0x1f the chipset's own functions (LPC, SATA, SMBus); 1 is left to what QEMU may add.
const firstSlot = 2;
const lastSlot = 0x1e;

/** Hands out slots of the root bus in the order of asking, so that every device's address is known beforehand. */
export class PciSlots {
  private next = firstSlot;

  /** The next slot. Throws KataError `resource-exhausted` when the bus is full. */
  take(): number {
    if (this.next > lastSlot) {
      throw new KataError("resource-exhausted", `The machine has no more than ${lastSlot - firstSlot + 1} PCI slots`);
    }
    return this.next++;
  }
}

/** The guest's way to a device through bridges: slots as two hexadecimal digits, joined by `/`. */
export function guestPciPath(...slots: readonly number[]): string {
  return slots.map((slot) => slot.toString(16).padStart(2, "0")).join("/");
}

import { describe, expect, test } from "vitest";
import { ModuleTable, parseModuleLine } from "./modules.ts";

const table = `virtio_ring bus:pci virtio_ring.ko -
virtio bus:pci virtio.ko virtio_ring
virtio_console virtio:3 virtio_console.ko virtio_ring,virtio
vsock lazy vsock.ko -
ext4 lazy - -
virtio_gpio virtio:41,42 virtio_gpio.ko virtio_ring,virtio
`;

describe("ModuleTable", () => {
  test("reads every form of a line", () => {
    const modules = new ModuleTable(table);
    expect(modules.get("virtio_console")).toEqual({
      name: "virtio_console",
      when: { kind: "virtio", ids: [3] },
      file: "virtio_console.ko",
      dependencies: ["virtio_ring", "virtio"],
    });
    expect(modules.get("virtio")?.when).toEqual({ kind: "bus", bus: "pci" });
    expect(modules.get("ext4")).toMatchObject({ file: undefined, when: { kind: "lazy" } });
    expect(modules.get("virtio_gpio")?.when).toEqual({ kind: "virtio", ids: [41, 42] });
  });

  test("finds what is loaded unasked", () => {
    const modules = new ModuleTable(table);
    expect(modules.busDrivers().map(({ name }) => name)).toEqual(["virtio_ring", "virtio"]);
    expect(modules.virtioDrivers(3).map(({ name }) => name)).toEqual(["virtio_console"]);
    expect(modules.virtioDrivers(42).map(({ name }) => name)).toEqual(["virtio_gpio"]);
    expect(modules.virtioDrivers(4)).toEqual([]);
  });

  test("does not know other names, and may be empty", () => {
    expect(new ModuleTable(table).get("floppy")).toBeUndefined();
    expect(new ModuleTable("").empty).toBe(true);
  });

  test.each([
    "a",
    "a lazy",
    "a lazy a.ko",
    "a lazy ../a.ko -",
    "A lazy a.ko -",
    "a soon a.ko -",
    "a virtio: a.ko -",
    "a lazy a.ko - x",
  ])("refuses %s", (line) => expect(() => parseModuleLine(line)).toThrow(/is malformed/));
});

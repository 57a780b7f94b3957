import { expect, test } from "vitest";
import { utf8Encode } from "../base/bytes.ts";
import { fuzz } from "./testing/fuzz.ts";
import { maxUeventBytes, parseUevent } from "./uevent.ts";

const added = utf8Encode(
  "add@/devices/pci0000:00/0000:00:03.0/virtio1/virtio-ports/vport1p1\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=virtio-ports\0MAJOR=250\0EMPTY=\0ODD=a=b\0",
);

test("parseUevent reads the kernel's events", () => {
  const event = parseUevent(added);
  expect(event?.action).toBe("add");
  expect(event?.devicePath).toBe("/devices/pci0000:00/0000:00:03.0/virtio1/virtio-ports/vport1p1");
  expect(Object.fromEntries(event?.properties ?? [])).toEqual({
    ACTION: "add",
    DEVPATH: "/devices/x",
    SUBSYSTEM: "virtio-ports",
    MAJOR: "250",
    EMPTY: "",
    ODD: "a=b",
  });
});

test.each([
  ["udev's copies", utf8Encode("libudev\0\xfe\xed\xca\xfe")],
  ["nothing", new Uint8Array(0)],
  ["no path", utf8Encode("add@devices\0A=b\0")],
  ["no action", utf8Encode("@/devices\0A=b\0")],
  ["what is too long", new Uint8Array(maxUeventBytes + 1).fill(0x41)],
])("parseUevent takes %s for no event", (_what, bytes) => {
  expect(parseUevent(bytes)).toBeUndefined();
});

test("parseUevent survives mutated bytes", () => {
  fuzz(
    { corpus: [added], tokens: ["\0", "=", "@", "@/"].map(utf8Encode), runs: 3000 },
    ([chunk = new Uint8Array()]) => {
      parseUevent(chunk);
    },
  );
});

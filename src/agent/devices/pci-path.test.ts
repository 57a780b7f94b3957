import { describe, expect, test } from "vitest";
import { parsePciPath } from "./pci-path.ts";

describe("parsePciPath()", () => {
  test.each([
    ["02", { rootBus: 0, hops: [{ slot: 2, function: 0 }] }],
    [
      "02/1f",
      {
        rootBus: 0,
        hops: [
          { slot: 2, function: 0 },
          { slot: 31, function: 0 },
        ],
      },
    ],
    [
      "02/03.7",
      {
        rootBus: 0,
        hops: [
          { slot: 2, function: 0 },
          { slot: 3, function: 7 },
        ],
      },
    ],
    ["20/01", { rootBus: 0x20, hops: [{ slot: 1, function: 0 }] }],
  ])("%s", (text, expected) => expect(parsePciPath(text)).toEqual(expected));

  test.each([
    "",
    "/",
    "2",
    "02/",
    "/02",
    "02/20",
    "g0",
    "02/../03",
    "02.8",
    "20",
    "20.1/02",
    "01/01/01/01/01/01/01/01/01",
  ])("refuses %j", (text) => expect(() => parsePciPath(text)).toThrow(/PCI path must be/));
});

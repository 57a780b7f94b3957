import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { numberRanges, parseNumberList } from "./number-list.ts";

describe("parseNumberList()", () => {
  test.each([
    ["", []],
    ["\n", []],
    ["0\n", [0]],
    ["0-3", [0, 1, 2, 3]],
    ["0-1,3", [0, 1, 3]],
    ["8, 2-3 ,2", [2, 3, 8]],
    ["10,9", [9, 10]],
    ["0-2,1-4", [0, 1, 2, 3, 4]],
    ["65535", [65535]],
    ["007", [7]],
  ])("of %j is %j", (text, numbers) => {
    expect(parseNumberList(text)).toEqual(numbers);
  });

  test.each([
    ",",
    "1,",
    ",1",
    "1,,2",
    "-1",
    "1-",
    "3-1",
    "1-2-3",
    "0x1",
    "1e3",
    "a",
    "1;2",
    "0-31:2",
    "65536",
    "99999999",
    "١",
  ])("refuses %j", (text) => {
    expect(() => parseNumberList(text)).toThrow(`${JSON.stringify(text)} is no list of numbers`);
  });

  test("takes no more work than there can be numbers", () => {
    expect(parseNumberList("0-65535")).toHaveLength(65_536);
    expect(() => parseNumberList("0-65535,0")).toThrow("is no list");
    expect(() => parseNumberList("0-9,".repeat(1 << 18).slice(0, -1))).toThrow("is no list");
    expect(() => parseNumberList("x".repeat(1 << 20))).toThrow(`"${"x".repeat(40)}..."`);
  });

  test("takes another limit", () => {
    expect(parseNumberList("0-1023", 1023)).toHaveLength(1024);
    expect(() => parseNumberList("1024", 1023)).toThrow(
      '"1024" is no list of numbers and rising ranges such as "0-3,8", up to 1023',
    );
  });

  test("reverses numberRanges()", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(65_535)), (numbers) => {
        const sorted = numbers.toSorted((one, other) => one - other);
        expect(parseNumberList(numberRanges(sorted).join(","))).toEqual(sorted);
      }),
    );
  });
});

test.each([
  [[], []],
  [[4], ["4"]],
  [[0, 1], ["0-1"]],
  [
    [0, 1, 2, 5, 7, 8],
    ["0-2", "5", "7-8"],
  ],
])("numberRanges() of %j is %j", (numbers, ranges) => {
  expect(numberRanges(numbers)).toEqual(ranges);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { option, qemuId } from "./option.ts";

/** What QEMU's parser makes of it: a comma ends a part, two commas are one. */
function parse(text: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "," && text[at + 1] !== ",") {
      parts.push(part);
      part = "";
      continue;
    }
    if (text[at] === ",") at++;
    part += text[at];
  }
  return [...parts, part];
}

describe("option()", () => {
  test.each([
    ["virtio-rng-pci", {}, "virtio-rng-pci"],
    [
      "socket",
      { id: "a", path: "/x,y/=z", server: true, wait: false, none: undefined },
      "socket,id=a,path=/x,,y/=z,server=on,wait=off",
    ],
    ["", { driver: "raw", n: 3 }, "driver=raw,n=3"],
  ])("%s %j", (head, fields, text) => {
    expect(option(head, fields)).toBe(text);
  });

  test("is read by QEMU's rules as what went in", () => {
    const value = fc.string({ unit: fc.constantFrom(..."ab,= \"'\\/:é") });
    fc.assert(
      fc.property(fc.array(value), (values) => {
        // A value that begins with a comma behind an empty head would be ambiguous; heads are never empty in that case.
        const fields = Object.fromEntries(values.map((text, index) => [`k${index}`, text]));
        expect(parse(option("head", fields))).toEqual(["head", ...values.map((text, index) => `k${index}=${text}`)]);
      }),
    );
  });
});

describe("qemuId()", () => {
  test.each(["a", "disk0", "Vol-1_x.y", "a".repeat(31)])("takes %s", (id) => {
    expect(qemuId(id)).toBe(id);
  });
  test.each(["", "0a", "a,b", "a=b", "a b", "ä", "a".repeat(32), "a\n"])("refuses %j", (id) => {
    expect(() => qemuId(id)).toThrow("is no device id");
  });
});

import { isIP, isIPv4 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { KataError } from "../../base/error.ts";
import { fuzz } from "../testing/fuzz.ts";
import { formatIp, formatMac, ipFamily, parseIp, parseMac, parsePrefix } from "./ip-address.ts";

test("parseIp and formatIp are each other's inverse", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  const sparse = fc
    .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
    .map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(fc.oneof(bytes, sparse), (address) => {
      const text = formatIp(address);
      expect(parseIp(text)).toEqual(address);
      expect(isIP(text)).toBe(address.length === 4 ? 4 : 6);
      expect(ipFamily(text)).toBe(isIPv4(text) ? 4 : 6);
    }),
  );
});

test.each([
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["::ffff:10.1.2.3", "::ffff:10.1.2.3"],
  ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
  ["10.0.0.255", "10.0.0.255"],
])("%s is written as %s", (text, canonical) => {
  expect(formatIp(parseIp(text))).toBe(canonical);
});

test.each([
  ["", "x", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "1.2.3.-4", "１.2.3.4"],
  [
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "fe80::1%eth0",
    "::1.2.3",
    "1.2.3.4::",
    "g::",
    "1:2:3:4:5:6:7:1.2.3.4",
  ],
])("what is no address is refused", (...texts) => {
  for (const text of texts) expect(() => parseIp(text), text).toThrow(KataError);
});

test("parseIp agrees with Node on mutated addresses", () => {
  const corpus = ["10.0.0.1", "fe80::1:2", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"].map(utf8Encode);
  fuzz({ corpus, tokens: ["::", ":", ".", "0", "f"].map(utf8Encode), runs: 5000 }, ([chunk = new Uint8Array()]) => {
    const text = utf8Decode(chunk);
    if (text.includes("%")) return;
    let accepted = true;
    try {
      parseIp(text);
    } catch (error) {
      expect(error).toBeInstanceOf(KataError);
      accepted = false;
    }
    expect(accepted, text).toBe(isIP(text) !== 0);
  });
});

test.each([
  ["10.0.0.1/24", "10.0.0.1", 24],
  ["10.0.0.1/0", "10.0.0.1", 0],
  ["10.0.0.1", "10.0.0.1", 32],
  ["fe80::1/128", "fe80::1", 128],
  ["::/0", "::", 0],
])("parsePrefix splits %s", (text, address, prefixLength) => {
  expect(parsePrefix(text)).toEqual({ address, prefixLength });
});

test.each([
  "10.0.0.1/33",
  "10.0.0.1/",
  "10.0.0.1/-1",
  "10.0.0.1/1e1",
  "::/129",
  "/24",
  "10.0.0.0/255.255.255.0",
  "10.0.0.1/24/24",
])("parsePrefix refuses %s", (text) => {
  expect(() => parsePrefix(text)).toThrow(KataError);
});

test("MAC addresses are read and written", () => {
  expect(formatMac(parseMac("02:00:AC:11:00:ff"))).toBe("02:00:ac:11:00:ff");
  for (const text of ["", "02:00:ac:11:00", "02-00-ac-11-00-02", "02:00:ac:11:00:0g", "02:00:ac:11:00:02:03"]) {
    expect(() => parseMac(text), text).toThrow(KataError);
  }
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { base64Decode, base64Encode } from "./base64.ts";

test("base64Encode agrees with another implementation, base64Decode undoes it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = base64Encode(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect([...base64Decode(text)]).toEqual([...bytes]);
      expect([...base64Decode(Buffer.from(bytes).toString("base64url"))]).toEqual([...bytes]);
    }),
  );
});

test("base64Decode refuses what is no base64", () => {
  for (const text of ["a", "a===", "ab=c", "ab c", "a\nbc", "=", "====", "YQ=", "é123", "YWJj="]) {
    expect(() => base64Decode(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
  expect(base64Decode("")).toHaveLength(0);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, randomHex, toHex, validateId } from "./ids.ts";

test("validateId accepts what containerd accepts and returns it", () => {
  for (const id of ["ab", "A1", "my_box.v-2", "0x", "a".repeat(76)]) expect(validateId(id, "id")).toBe(id);
});

test("validateId refuses everything that could become a path or an option", () => {
  const bad = ["", "a", "-a", ".a", "..", "a/b", "a\0b", "a b", "é1", "a\n", "a".repeat(77), "a:b", "$(x)", "_a"];
  for (const id of bad) {
    expect(() => validateId(id, "container id")).toThrow(
      expect.objectContaining({ code: "invalid-argument", field: "container id" }),
    );
  }
  expect(() => validateId("x".repeat(1_000_000), "id")).toThrow(/it has 1000000 characters, at most 76 are allowed/);
});

test("validateId accepts exactly its shape", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 140 }), (id) => {
      const fits = /^[A-Za-z0-9][A-Za-z0-9_.-]{1,75}$/.test(id) && !id.endsWith("\n");
      const accepted = (() => {
        try {
          return validateId(id, "id") === id;
        } catch {
          return false;
        }
      })();
      expect(accepted).toBe(fits);
    }),
  );
});

test("toHex and fromHex undo each other; randomHex has two digits a byte", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect([...fromHex(toHex(bytes))]).toEqual([...bytes]);
    }),
  );
  expect(randomHex({ random: (count) => new Uint8Array(count).fill(10) }, 4)).toBe("0a0a0a0a");
  for (const text of ["a", "xy", "0 ", "é"]) expect(() => fromHex(text)).toThrow("hexadecimal");
});

import { ExpectationError } from "./expect.ts";
import { expect, test } from "./runner.ts";

const fails = (run: () => void) => expect(run).toThrow(ExpectationError);

test("expect accepts what fits and refuses what does not", () => {
  expect({ a: 1, b: [1, { c: 2n }] }).toEqual({ a: 1, b: [1, { c: 2n }], d: undefined });
  fails(() => expect({ a: 1 }).toEqual({ a: 2 }));
  fails(() => expect({ a: 1, b: 2 }).toEqual({ a: 1 }));
  fails(() => expect([1, 2]).toEqual([1, 2, 3]));
  fails(() => expect([]).toEqual({}));
  expect({ a: 1, b: { c: 2, d: 3 } }).toMatchObject({ b: { c: 2 } });
  fails(() => expect({ a: 1 }).toMatchObject({ a: 1, b: 2 }));
  expect(new Uint8Array([1, 2])).toEqual(new Uint8Array([1, 2]));
  fails(() => expect(new Uint8Array([1, 2])).toEqual(new Uint8Array([1, 3])));
  expect(Number.NaN).toBe(Number.NaN);
  fails(() => expect(0).toBe(-0));
  expect({ a: 5, t: "x1" }).toEqual({ a: expect.any(Number), t: expect.stringMatching(/^x\d$/) });
  fails(() => expect({ a: "5" }).toEqual({ a: expect.any(Number) }));
  expect(5).not.toBe(6);
  fails(() => expect(5).not.toBe(5));
  expect([1, 2]).toContain(2);
  fails(() => expect("abc").toContain("d"));
});

test("expect.toThrow compares messages, patterns, classes and properties", () => {
  const boom = () => {
    throw Object.assign(new RangeError("out of range"), { code: "E1" });
  };
  expect(boom).toThrow();
  expect(boom).toThrow("of range");
  expect(boom).toThrow(/^out/);
  expect(boom).toThrow(RangeError);
  expect(boom).toThrow({ code: "E1" });
  fails(() => expect(boom).toThrow("in range"));
  fails(() => expect(boom).toThrow(TypeError));
  fails(() => expect(boom).toThrow({ code: "E2" }));
  fails(() => expect(() => 1).toThrow());
  fails(() => expect(boom).not.toThrow());
  expect(() => 1).not.toThrow();
});

test("expect.resolves and expect.rejects wait for the outcome", async () => {
  await expect(Promise.resolve(3)).resolves.toBe(3);
  await expect(Promise.reject(new Error("no"))).rejects.toThrow("no");
  await expect(expect(Promise.resolve(3)).rejects.toThrow()).rejects.toThrow(ExpectationError);
  await expect(expect(Promise.reject(new Error("no"))).rejects.toThrow("yes")).rejects.toThrow(ExpectationError);
});

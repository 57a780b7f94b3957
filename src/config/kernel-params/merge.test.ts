import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dedupe, isRepeatable, kernelPart, mergeParams } from "./merge.ts";
import { type Param, parseParams, printParams, splitKernelParams } from "./param.ts";

const read = (text: string) => parseParams(splitKernelParams(text));
const print = (params: readonly Param[]) => printParams(params).join(" ");

describe("mergeParams()", () => {
  test.each([
    ["nothing over nothing", "", "", ""],
    ["nothing over something", "a=1 quiet", "", "a=1 quiet"],
    ["something over nothing", "", "a=1", "a=1"],
    ["a new one comes last", "a=1 b=2", "c=3", "a=1 b=2 c=3"],
    ["a repeated one replaces the earlier", "a=1 b=2", "a=9", "b=2 a=9"],
    ["it replaces every earlier one", "a=1 b a=2", "a=9", "b a=9"],
    ["a bare word replaces one with a value", "a=1", "a", "a"],
    ["and the other way round", "a", "a=1", "a=1"],
    ["an empty value is a value", "a=1", "a=", "a="],
    ["hyphen and underscore are one letter in a name", "log-buf-len=1M", "log_buf_len=2M", "log_buf_len=2M"],
    ["but not in a value", "a=x-y", "b=x_y", "a=x-y b=x_y"],
    ["letter case counts", "a=1", "A=2", "a=1 A=2"],
    ["quotes do not hide a name", '"a=1" b', 'a="2 3"', 'b a="2 3"'],
    ["what stands twice above is taken as it is", "a=1", "a=2 a=3", "a=2 a=3"],
    ["what stands twice below stays", "x=1 x=2 a=1", "a=2", "x=1 x=2 a=2"],
    ["consoles add up", "console=ttyS0", "console=hvc0", "console=ttyS0 console=hvc0"],
    ["PCI options add up", "pci=lastbus=0", "pci=realloc pci=nocrs", "pci=lastbus=0 pci=realloc pci=nocrs"],
    [
      "pairs of huge pages stay together",
      "hugepagesz=1G hugepages=4",
      "hugepagesz=2M hugepages=4",
      "hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=4",
    ],
    [
      "masked units add up",
      "systemd.mask=a.service",
      "systemd.mask=b.service",
      "systemd.mask=a.service systemd.mask=b.service",
    ],
    ["arguments of init stay last", "a=1 -- --verbose x=1", "x=2", "a=1 x=2 -- --verbose x=1"],
    ["arguments of init add up", "a -- one", "b -- two", "a b -- one two"],
    ["-- without arguments is dropped", "a --", "b", "a b"],
    ["names of an object's own are names", "__proto__=1 constructor=2", "__proto__=3", "constructor=2 __proto__=3"],
  ])("%s", (_what, base, over, merged) => {
    expect(print(mergeParams(read(base), read(over)))).toBe(merged);
  });

  const param: fc.Arbitrary<Param> = fc.record({
    key: fc.constantFrom("a", "b-c", "b_c", "console", "pci", "quiet"),
    value: fc.constantFrom(undefined, "", "1", "2"),
  });
  const params = fc.array(param, { maxLength: 12 });

  test("what is laid over is the end of it, and nothing below of that name is left", () => {
    fc.assert(
      fc.property(params, params, (base, over) => {
        const merged = mergeParams(base, over);
        expect(merged.slice(merged.length - over.length)).toEqual(over);
        const below = merged.slice(0, merged.length - over.length);
        const name = ({ key }: Param) => key.replace("-", "_");
        for (const one of below) {
          expect(isRepeatable(one) || !over.some((other) => name(other) === name(one))).toBe(true);
        }
        const untouched = base.filter((one) => isRepeatable(one) || !over.some((other) => name(other) === name(one)));
        expect(below).toEqual(untouched);
      }),
    );
  });

  test("inputs are not changed", () => {
    const base = Object.freeze(read("a=1 b"));
    const over = Object.freeze(read("a=2"));
    expect(print(mergeParams(base, over))).toBe("b a=2");
    expect(print(base)).toBe("a=1 b");
  });
});

describe("dedupe()", () => {
  test.each([
    ["", ""],
    ["a b c", "a b c"],
    ["a=1 b a=2", "b a=2"],
    ["a a a", "a"],
    ["b-c=1 b_c=2", "b_c=2"],
    ["console=ttyS0 console=ttyS0", "console=ttyS0 console=ttyS0"],
    ["hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=4", "hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=4"],
    ["a=1 a=2 -- a=3 a=4", "a=2 -- a=3 a=4"],
  ])("%j", (text, rest) => {
    expect(print(dedupe(read(text)))).toBe(rest);
  });

  test("once is enough", () => {
    const word = fc.constantFrom("a=1", "a=2", "b", "console=x", "--", "pci=y");
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const once = dedupe(parseParams(words));
        expect(dedupe(once)).toEqual(once);
      }),
    );
  });
});

test.each([
  ["console=hvc0", true],
  ["consoles=hvc0", false],
  ["virtio_mmio.device=4K@0xd0000000:5", true],
  ["virtio-mmio.device=4K@0xd0000000:5", true],
  ['"pci=realloc"', true],
  ["root=/dev/vda1", false],
])("isRepeatable(%s)", (word, repeatable) => {
  expect(read(word).map(isRepeatable)).toEqual([repeatable]);
});

test.each([
  ["a b", "a b"],
  ["a -- b", "a"],
  ["-- b", ""],
  ["a --=1 b", "a --=1 b"],
])("kernelPart() of %j", (text, part) => {
  expect(print(kernelPart(read(text)))).toBe(part);
});

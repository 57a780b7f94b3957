import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { locateKey } from "./locate.ts";

const text = `# head = 1
top = 1
[hypervisor.qemu]
  path = "/x = [y]" # shared_fs = "no"
list = [
  "a]", # ]
  'b"',
]
inline = { shared_fs = 1, other = [2] }
long = """
shared_fs = "text"
\\""" still
"""
lit = '''
shared_fs = 'x'
'''
shared_fs   =    "virtiofs"
[agent."kata x"]
"quoted key" = 1
dotted.inner . deep = true
[[many]]
n = 1
`;

describe("locateKey()", () => {
  test.each([
    [["top"], 2, 1, 7],
    [["hypervisor", "qemu"], 3, 1, 1],
    [["hypervisor"], 3, 1, 1],
    [["hypervisor", "qemu", "path"], 4, 3, 10],
    [["hypervisor", "qemu", "shared_fs"], 17, 1, 18],
    [["agent", "kata x", "quoted key"], 19, 1, 16],
    [["agent", "kata x", "dotted", "inner", "deep"], 20, 1, 23],
    [["many", "n"], 22, 1, 5],
  ])("finds %j", (path, line, keyColumn, valueColumn) => {
    expect(locateKey(text, path)).toEqual({ line, keyColumn, valueColumn });
  });

  test.each([[["nothing"]], [["hypervisor", "qemu", "top"]]])("does not find %j", (path) => {
    expect(locateKey(text, path)).toBeUndefined();
  });

  test("ends for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab\"'[]{}=#.\\ \n,") }), (source) => {
        locateKey(source, ["a", "b"]);
      }),
    );
  });
});

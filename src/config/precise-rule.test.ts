import { expect, test } from "vitest";
import { toldOf } from "./testing/examined.ts";

const items = (count: number, item: string) => `[${Array.from({ length: count }, () => item).join(", ")}]`;

test.each([
  ["pflashes", '["/a", 1]', 'must be an array of strings; item 2 is wrong; got ["/a", 1]'],
  ["pflashes", "[1]", "must be an array of strings; got [1]"],
  ["pflashes", items(257, '""'), "must be an array of strings, at most 256, not 257; got ["],
  [
    "numa_mapping",
    '["0-1", "0:1"]',
    'must be an array of node lists such as "0-1" or "0,2"; item 2 is wrong; got ["0-1", "0:1"]',
  ],
  ["guest_extension_images", items(65, "{}"), "must be an array of tables, at most 64, not 65; got ["],
  [
    "initrd",
    `"/${"x".repeat(4096)}"`,
    "must be an absolute path, or empty; it must have at most 4096 characters, not 4097; got",
  ],
  [
    "initrd",
    '"/a\\u0000b"',
    'must be an absolute path, or empty; it must have no control characters; got "/a\\u0000b"',
  ],
  ["snp_id_block", `"${"e".repeat(4097)}"`, "must be base64 text; it must have at most 4096 characters, not 4097; got"],
  ["kernel_params", '"a\\nb"', "must be a string of at most 4096 characters without control characters; got"],
])("%s = %s", (key, value, rule) => {
  const lines = toldOf(`[hypervisor.qemu]\n${key} = ${value}\n`).filter((line) => line.includes(`qemu.${key}: `));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`.${key}: ${rule}`);
});

import { expect, test } from "vitest";
import { toldOf } from "../testing/examined.ts";
import { bootRules } from "./boot-rules.ts";
import { describeRules, fileOf } from "./testing/rule-table.ts";

const image = { "~image": '"/i.img"' };
const hash = "a".repeat(64);
const verity = `"root_hash=${hash},salt=-,data_blocks=1,data_block_size=4096,hash_block_size=4096"`;

describeRules("rules of what the guest boots from", bootRules, [
  {
    broken: [
      [
        { ...image, "~initrd": '"/i.cpio"' },
        'error main.toml:2:9  hypervisor.qemu.image: excludes initrd, which is "/i.cpio": set one of the two to ""',
      ],
    ],
    holds: [image, { ...image, "~initrd": '""' }, { "~initrd": '"/i"' }],
  },
  {
    broken: [
      [{}, "error main.toml  hypervisor.qemu.initrd: must be set, unless image is: the guest needs one of the two"],
      [
        { "~kernel": '"/k"', "~initrd": '""' },
        "error main.toml:3:10  hypervisor.qemu.initrd: must be set, unless image is: the guest needs one of the two",
      ],
    ],
    holds: [image, { "~initrd": '"/i"' }, { "~confidential_guest": "true" }],
  },
  {
    broken: [
      [
        { "~initrd": '"/i"', "~kernel_verity_params": verity },
        "error main.toml:3:24  hypervisor.qemu.kernel_verity_params: needs an image: an initrd has no dm-verity",
      ],
    ],
    holds: [
      { ...image, "~kernel_verity_params": verity },
      { "~initrd": '"/i"', "~kernel_verity_params": '""' },
    ],
  },
  {
    broken: [
      [
        { ...image, "~kernel_verity_params": '"salt=-"' },
        "error main.toml:3:24  hypervisor.qemu.kernel_verity_params: data_blocks is missing; it must be a whole number from 1 to 18446744073709551615",
      ],
      [
        { ...image, "~kernel_verity_params": `"root_hash=${hash},root_hash=${hash}"` },
        "error main.toml:3:24  hypervisor.qemu.kernel_verity_params: root_hash must be given once",
      ],
    ],
    holds: [{ ...image, "~kernel_verity_params": verity }],
  },
  {
    broken: [
      [
        { ...image, "~firmware_volume": '"/v"' },
        "error main.toml:3:19  hypervisor.qemu.firmware_volume: needs firmware",
      ],
    ],
    holds: [{ ...image, "~firmware_volume": '"/v"', "~firmware": '"/f"' }],
  },
  { broken: [], holds: [{ ...image, "~pflashes": '["/a"]' }] },
]);

test("flash files are two on arm64, or none", () => {
  const told = (files: string) => toldOf(fileOf({ ...image, "~pflashes": files }), { machine: "aarch64" });
  const line = (count: number) =>
    `error main.toml:3:12  hypervisor.qemu.pflashes: must name exactly two files on arm64, not ${count}`;
  expect(told('["/a"]')).toContain(line(1));
  expect(told('["/a", "/b", "/c"]')).toContain(line(3));
  for (const files of ["[]", '["/a", "/b"]']) expect(told(files).join()).not.toContain("exactly two");
});

test("a remote VM boots what its service chooses", () => {
  expect(toldOf("[hypervisor.remote]\n").join()).not.toContain("initrd");
});

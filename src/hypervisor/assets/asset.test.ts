import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KataError } from "../../base/error.ts";
import { assets } from "../../config/annotations/asset-hash.ts";
import { chooseAsset } from "./asset.ts";

const prefix = "io.katacontainers.config.hypervisor.";
const hash = "0123456789abcdef".repeat(8);
const annotations = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([key, value]) => [key.includes(".") ? key : prefix + key, value]));

describe("chooseAsset()", () => {
  test.each([
    ["kernel", "kernel", "kernel_hash"],
    ["image", "image", "image_hash"],
    ["initrd", "initrd", "initrd_hash"],
    ["hypervisor", "path", "hypervisor_hash"],
    ["hypervisor", "path", "path_hash"],
    ["jailer", "jailer_path", "jailer_hash"],
    ["firmware", "firmware", "firmware_hash"],
    ["firmware_volume", "firmware_volume", "firmware_volume_hash"],
  ] as const)("reads the %s's annotations %s and %s", (type, path, hashKey) => {
    const both = annotations({ [path]: "/pod/file", [hashKey]: hash.toUpperCase() });
    expect(chooseAsset(type, "/host/file", both)).toEqual({ type, path: "/pod/file", custom: true, sha512: hash });
    expect(chooseAsset(type, "/host/file", annotations({ [hashKey]: hash }))).toEqual({
      type,
      path: "/host/file",
      custom: false,
      sha512: hash,
    });
  });

  test("takes the configured path without annotations, and nothing without any path", () => {
    for (const type of assets) {
      const host = { type, path: "/host/file", custom: false, sha512: undefined };
      expect(chooseAsset(type, "/host/file", new Map())).toEqual(host);
      expect(chooseAsset(type, "/host/file", annotations({ [type]: "", [`${type}_hash`]: "" }))).toEqual(host);
      expect(chooseAsset(type, "", new Map())).toBeUndefined();
    }
  });

  test.each([
    [{ kernel: "boot/vmlinuz" }, "kernel", 'must be an absolute path; got "boot/vmlinuz"'],
    [{ kernel: "../x" }, "kernel", "must be an absolute path"],
    [{ kernel: "/boot/\0vmlinuz" }, "kernel", "must be an absolute path"],
    [{ kernel: "x".repeat(9999) }, "kernel", `got "${"x".repeat(64)}..."`],
    [{ kernel_hash: hash.slice(1) }, "kernel_hash", "must be a SHA-512 of 128 hexadecimal digits; got 127 characters"],
    [{ kernel_hash: `${hash}0` }, "kernel_hash", "got 129 characters"],
    [{ kernel_hash: `${hash}\n` }, "kernel_hash", "got 129 characters"],
    [{ kernel_hash: `g${hash.slice(1)}` }, "kernel_hash", "got other characters among them"],
    [{ kernel_hash: hash, asset_hash_type: "sha256" }, "asset_hash_type", 'must be "sha512", the only kind of hash'],
    [
      { kernel_hash: hash, "io.katacontainers.asset_hash_type": "SHA512" },
      "io.katacontainers.asset_hash_type",
      'got "SHA512"',
    ],
  ])("refuses %j", (entries, key, message) => {
    const name = key.includes(".") ? key : prefix + key;
    const choose = () => chooseAsset("kernel", "/host/kernel", annotations(entries));
    expect(choose).toThrow(expect.objectContaining({ code: "invalid-argument", field: name }));
    expect(choose).toThrow(`${name}: `);
    expect(choose).toThrow(message);
  });

  test("accepts the only kind of hash by either name, and any kind that nothing uses", () => {
    for (const name of ["asset_hash_type", "io.katacontainers.asset_hash_type"]) {
      expect(chooseAsset("kernel", "/k", annotations({ kernel_hash: hash, [name]: "sha512" }))?.sha512).toBe(hash);
    }
    expect(chooseAsset("kernel", "/k", annotations({ asset_hash_type: "md5" }))?.sha512).toBeUndefined();
  });

  test("refuses a hash of nothing", () => {
    expect(() => chooseAsset("firmware", "", annotations({ firmware_hash: hash }))).toThrow(
      `${prefix}firmware_hash: there is no firmware to check: ${prefix}firmware is not set`,
    );
  });

  test("survives any annotations", () => {
    const key = fc.constantFrom("kernel", "kernel_hash", "asset_hash_type");
    fc.assert(
      fc.property(fc.dictionary(key, fc.string({ unit: "binary" })), (entries) => {
        try {
          const asset = chooseAsset("kernel", "/host/kernel", annotations(entries));
          expect(asset?.path.startsWith("/")).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(KataError);
        }
      }),
    );
  });
});

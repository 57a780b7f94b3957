import { describe, expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import type { HypervisorConfig, RuntimeConfig } from "../config/runtime-config.ts";
import { configOf } from "../config/testing/config-of.ts";
import { checkAssets } from "./check-assets.ts";

const sha512 = "5".repeat(128);
const initrd = configOf([
  '[hypervisor.qemu]\npath = "/bin/vmm"\nkernel = "/kernel"\ninitrd = "/initrd"\nfirmware = "/bios"',
]).hypervisor;
const image: HypervisorConfig = {
  ...initrd,
  firmware: "",
  boot: { kind: "image", path: "/image", fsType: "ext4", driver: "virtio-blk", verity: undefined },
};
type Asset = RuntimeConfig["assetHashes"][number]["asset"];

async function check(hypervisor: HypervisorConfig, assets: readonly Asset[], failing = "") {
  const seen: string[] = [];
  const verifyAsset = async ({
    type,
    path,
    sha512: hash,
  }: {
    type: string;
    path: string;
    sha512: string | undefined;
  }) => {
    seen.push(`${type} ${path} ${hash === sha512}`);
    if (type === failing) throw new KataError("failed-precondition", "It has another hash");
  };
  const config = { hypervisor, assetHashes: assets.map((asset) => ({ asset, sha512 })) };
  const error = await checkAssets({ verifyAsset }, config).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { seen, error };
}

describe("checkAssets()", () => {
  test("looks at nothing that nobody asked for", async () => {
    expect(await check(initrd, [])).toEqual({ seen: [], error: undefined });
  });

  test.each<[Asset, HypervisorConfig, string]>([
    ["hypervisor", initrd, "/bin/vmm"],
    ["kernel", initrd, "/kernel"],
    ["initrd", initrd, "/initrd"],
    ["firmware", initrd, "/bios"],
    ["image", image, "/image"],
  ])("compares the %s", async (asset, config, path) => {
    expect(await check(config, [asset])).toEqual({ seen: [`${asset} ${path} true`], error: undefined });
  });

  test.each<[Asset, HypervisorConfig]>([
    ["image", initrd],
    ["initrd", image],
    ["firmware", image],
    ["firmware_volume", initrd],
    ["jailer", initrd],
  ])("refuses the hash of an absent %s", async (asset, config) => {
    const { seen, error } = await check(config, [asset]);
    expect(seen).toEqual([]);
    expect(error).toMatchObject({
      code: "invalid-argument",
      stage: "check-assets",
      field: `io.katacontainers.config.hypervisor.${asset}_hash`,
      message: expect.stringMatching(/_hash {2}has nothing to check: the configuration has no [a-z ]+$/),
    });
  });

  test("ends with the first file that is another", async () => {
    const { seen, error } = await check(initrd, ["kernel", "initrd", "firmware"], "initrd");
    expect(seen).toEqual(["kernel /kernel true", "initrd /initrd true"]);
    expect(error).toMatchObject({ code: "failed-precondition", stage: "check-assets" });
  });
});

import { KataError } from "../base/error.ts";
import type { HypervisorConfig, RuntimeConfig } from "../config/runtime-config.ts";
import type { SandboxBackends } from "./backends.ts";
import { inStage } from "./stages.ts";

type Hashed = RuntimeConfig["assetHashes"][number]["asset"];

/** How long one file may take: a gigabyte takes seconds, and a manager waits for minutes. */
const CHECK_MS = 60_000;

/** Where the configuration has its files; empty for what it has not. */
const paths: Readonly<Record<Hashed, (config: HypervisorConfig) => string>> = {
  hypervisor: ({ path }) => path,
  kernel: ({ kernelPath }) => kernelPath,
  image: ({ boot }) => (boot.kind === "image" ? boot.path : ""),
  initrd: ({ boot }) => (boot.kind === "initrd" ? boot.path : ""),
  firmware: ({ firmware }) => firmware,
  // No VM gets either: a configuration that sets one is refused.
  firmware_volume: () => "",
  jailer: () => "",
};

/**
 * Checks the files of a VM against the hashes that its pod demands. Comes before anything is acquired. Throws KataError:
 * `failed-precondition` for a file that has another hash, `invalid-argument` for a file that the configuration does not have.
 */
export async function checkAssets(
  backends: Pick<SandboxBackends, "verifyAsset">,
  { assetHashes, hypervisor }: Pick<RuntimeConfig, "assetHashes" | "hypervisor">,
): Promise<void> {
  for (const { asset, sha512 } of assetHashes) {
    await inStage("check-assets", async () => {
      const path = paths[asset](hypervisor);
      if (path === "") throw noFile(asset);
      await backends.verifyAsset({ type: asset, path, sha512 }, { timeoutMs: CHECK_MS });
    });
  }
}

function noFile(asset: Hashed): KataError {
  const annotation = `io.katacontainers.config.hypervisor.${asset}_hash`;
  return new KataError(
    "invalid-argument",
    `annotation ${annotation}  has nothing to check: the configuration has no ${asset.replace("_", " ")}`,
    { field: annotation, hint: "Leave the annotation out, or demand the hash of a file that the VM is made from" },
  );
}

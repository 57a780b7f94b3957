import { blockKeys } from "./hypervisor/block-keys.ts";
import { confidentialKeys } from "./hypervisor/confidential-keys.ts";
import { debugKeys } from "./hypervisor/debug-keys.ts";
import { deviceKeys } from "./hypervisor/device-keys.ts";
import { guestKeys } from "./hypervisor/guest-keys.ts";
import { isolationKeys } from "./hypervisor/isolation-keys.ts";
import { machineKeys } from "./hypervisor/machine-keys.ts";
import { memoryKeys } from "./hypervisor/memory-keys.ts";
import { networkKeys } from "./hypervisor/network-keys.ts";
import { numaKeys } from "./hypervisor/numa-keys.ts";
import { programKeys } from "./hypervisor/program-keys.ts";
import { rateLimiterKeys } from "./hypervisor/rate-limiter-keys.ts";
import { remoteKeys } from "./hypervisor/remote-keys.ts";
import { shareFsKeys } from "./hypervisor/share-fs-keys.ts";
import { swapKeys } from "./hypervisor/swap-keys.ts";
import { templateKeys } from "./hypervisor/template-keys.ts";
import { vhostUserKeys } from "./hypervisor/vhost-user-keys.ts";

/** `[hypervisor.NAME]`. */
export const hypervisorKeys = {
  ...programKeys,
  ...guestKeys,
  ...machineKeys,
  ...memoryKeys,
  ...shareFsKeys,
  ...blockKeys,
  ...vhostUserKeys,
  ...networkKeys,
  ...rateLimiterKeys,
  ...deviceKeys,
  ...isolationKeys,
  ...confidentialKeys,
  ...numaKeys,
  ...swapKeys,
  ...debugKeys,
  ...remoteKeys,
  ...templateKeys,
} as const;

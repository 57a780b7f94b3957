import { KataError } from "../../base/error.ts";
import type { QmpClient } from "../../wire/qmp/qmp-client.ts";
import type { Device } from "../hypervisor.ts";
import { multiQueue, netdevId } from "./devices/network.ts";
import type { HotplugBackend } from "./hotplug-backend.ts";

type NetworkDevice = Extract<Device, { kind: "network" }>;

/** The tap behind a network card that is plugged in. Its descriptors are copied to QEMU and remain the caller's. */
export function networkBackend(vhostNet: boolean, device: NetworkDevice): HotplugBackend {
  const { id, mac, tapDescriptors } = device;
  if (tapDescriptors.length === 0 || tapDescriptors.length !== device.queues) {
    throw new KataError(
      "invalid-argument",
      `A network card with ${device.queues} queues needs as many taps, got ${tapDescriptors.length}`,
      { field: "tapDescriptors" },
    );
  }
  const netdev = netdevId(id);
  return {
    what: `the network card ${mac}`,
    device: { driver: "virtio-net-pci", netdev, mac, romfile: "", ...multiQueue(device.queues) },
    async add(client) {
      const names = tapDescriptors.map((_, index) => `${netdev}-${index}`);
      try {
        for (const [index, fd] of tapDescriptors.entries()) {
          await client.executeWithDescriptors("getfd", { fdname: names[index] ?? "" }, [fd]);
        }
        await client.execute("netdev_add", {
          type: "tap",
          id: netdev,
          vhost: vhostNet,
          ...(names.length === 1 ? { fd: names[0] ?? "" } : { fds: names.join(":") }),
        });
      } catch (error) {
        await closeDescriptors(client, names);
        throw error;
      }
    },
    async remove(client) {
      await client.execute("netdev_del", { id: netdev });
    },
  };
}

/** QEMU keeps the descriptors that it was given and did not come to use. */
async function closeDescriptors(client: QmpClient, names: readonly string[]): Promise<void> {
  for (const fdname of names) await client.execute("closefd", { fdname }).catch(() => undefined);
}

import type { Loop } from "../../sys/loop.ts";
import { NetlinkSocket } from "../../sys/netlink-socket.ts";
import type { Sys } from "../../sys/sys.ts";
import { RtnetlinkClient } from "../../wire/netlink/client.ts";
import { invalid } from "../container/rules.ts";
import type { DeviceFinder } from "../devices/finder.ts";
import type { Modules } from "../modules.ts";
import { listInterfaces, updateInterface } from "../network/interfaces.ts";
import { addNeighbors, listRoutes, updateRoutes } from "../network/routes.ts";
import type { AgentHandlers } from "./handlers.ts";

/** The guest's network, which all containers share. */
export function networkRpcs(deps: {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly modules: Pick<Modules, "loadDeviceModules">;
  readonly finder: DeviceFinder;
}): AgentHandlers {
  return {
    updateInterface: ({ interface: wanted }) => {
      if (wanted === undefined) throw invalid("interface", "The request names no interface");
      // The card's driver may be among those that are left for later.
      deps.modules.loadDeviceModules();
      return withNetlink(deps, (net) => updateInterface(net, wanted, (path) => deps.finder.networkInterface(path)));
    },
    updateRoutes: async ({ routes }) => ({
      Routes: await withNetlink(deps, (net) => updateRoutes(net, routes?.Routes ?? [])),
    }),
    listInterfaces: async () => ({ Interfaces: await withNetlink(deps, listInterfaces) }),
    listRoutes: async () => ({ Routes: await withNetlink(deps, listRoutes) }),
    async addARPNeighbors({ neighbors }) {
      await withNetlink(deps, (net) => addNeighbors(net, neighbors?.ARPNeighbors ?? []));
      return {};
    },
  };
}

/** Runs `work` with a netlink socket of its own: such requests are rare, a socket kept open would only cost memory. */
async function withNetlink<T>(
  deps: { readonly sys: Sys; readonly loop: Loop },
  work: (net: RtnetlinkClient) => Promise<T>,
): Promise<T> {
  const transport = new NetlinkSocket(deps);
  try {
    return await work(new RtnetlinkClient({ transport }));
  } finally {
    transport.close();
  }
}

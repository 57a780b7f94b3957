import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Addresses of pods: the bridge has the first of each. */
export const podNetwork = {
  v4: { subnet: "10.88.7.0/24", gateway: "10.88.7.1" },
  v6: { subnet: "fd00:88:7::/64", gateway: "fd00:88:7::1" },
} as const;

/** Writes a CNI configuration with a bridge `cni0`, IPv4 and IPv6, and host ports, and returns its directory. */
export function writeCniConfiguration(directory: string): string {
  const confDir = path.join(directory, "cni");
  mkdirSync(confDir, { recursive: true });
  const bridge = {
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: {
      type: "host-local",
      dataDir: path.join(directory, "cni-leases"),
      ranges: [[{ subnet: podNetwork.v4.subnet }], [{ subnet: podNetwork.v6.subnet }]],
      routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
    },
  };
  const portmap = { type: "portmap", capabilities: { portMappings: true }, snat: true };
  const configuration = { cniVersion: "0.4.0", name: "kata-test", plugins: [bridge, portmap] };
  writeFileSync(path.join(confDir, "10-kata-test.conflist"), JSON.stringify(configuration, null, 2));
  return confDir;
}

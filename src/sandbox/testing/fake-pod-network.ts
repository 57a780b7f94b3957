import type { Endpoint } from "../../resource/network/endpoint.ts";
import type { PodNetns } from "../../resource/network/netns.ts";
import type { JoinedTap, PodNetwork } from "../../resource/network/pod-network.ts";
import type { NetnsFacts } from "../../resource/network/scan.ts";
import type { FakeSys } from "../../sys/fake.ts";

/** A pod's network in memory: a test puts interfaces into it. */
export class FakePodNetwork implements PodNetwork {
  path = "/proc/1/fd/3";
  facts: NetnsFacts = { links: [], addresses: [], routes: [], neighbors: [] };
  scans = 0;
  /** Interfaces that are joined now. */
  readonly joined: string[] = [];
  private readonly sys: FakeSys;

  constructor(sys: FakeSys) {
    this.sys = sys;
  }

  use(netns: PodNetns): this {
    if (netns.kind === "path") this.path = netns.path;
    return this;
  }

  /** An interface with an address, and the kernel's and a default route. */
  addInterface(name: string, index = this.facts.links.length + 2): void {
    const mac = `02:00:00:00:00:0${index}`;
    const { links, addresses, routes, neighbors } = this.facts;
    const address = { linkIndex: index, address: `10.0.${index}.2`, prefixLength: 24, scope: 0, flags: 0 };
    const route = { family: 4, linkIndex: index, scope: 0, type: 1, table: 254, metric: 0, flags: 0 } as const;
    this.facts = {
      links: [...links, { index, name, flags: 1, type: 1, mtu: 1450, address: mac, kind: "veth" }],
      addresses: [...addresses, address],
      routes: [
        ...routes,
        { ...route, protocol: 2, destination: { address: `10.0.${index}.0`, prefixLength: 24 } },
        { ...route, protocol: 3, gateway: `10.0.${index}.1` },
      ],
      neighbors,
    };
  }

  mayHaveLinks(): boolean {
    return this.facts.links.length > 0;
  }

  async scan(): Promise<NetnsFacts> {
    this.scans++;
    return this.facts;
  }

  async join({ name }: Endpoint, { number, queues }: { number: number; queues: number }): Promise<JoinedTap> {
    this.joined.push(name);
    return {
      descriptors: Array.from({ length: queues }, () => this.sys.openTap(`tap${number}_kata`)),
      release: async () => void this.joined.splice(this.joined.indexOf(name), 1),
    };
  }

  handOver(pid: number | undefined): void {
    if (this.path.startsWith("/proc/")) this.path = `/proc/${pid}/ns/net`;
  }
}

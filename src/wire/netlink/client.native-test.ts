import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { causeChain } from "../../base/error.ts";
import { NetlinkSocket } from "../../sys/netlink-socket.ts";
import { addressFlags, scopes } from "./address.ts";
import { RtnetlinkClient } from "./client.ts";
import { linkFlags } from "./link.ts";
import { neighborStates } from "./neighbor.ts";
import { routeFlags, routeProtocols, routeTables } from "./route.ts";

/** A client in a new, empty network namespace, which lives as long as the test. */
function freshNetwork({ sys, cleanup }: TestContext): RtnetlinkClient {
  const home = sys.open("/proc/self/ns/net");
  cleanup(() => sys.close(home));
  sys.unshare(["net"]);
  cleanup(() => sys.enterNamespace(home, "net"));
  const transport = new NetlinkSocket({ sys });
  cleanup(() => transport.close());
  return new RtnetlinkClient({ transport });
}

async function withLink(context: TestContext): Promise<{ net: RtnetlinkClient; linkIndex: number }> {
  const net = freshNetwork(context);
  await net.createLink("d0", "veth", { mtu: 1400, address: "02:00:00:00:00:01" });
  const links = await net.links();
  const peer = links.find(({ name, kind }) => name !== "d0" && kind === "veth");
  await net.setLink(peer?.index ?? -1, { up: true });
  return { net, linkIndex: links.find(({ name }) => name === "d0")?.index ?? -1 };
}

async function refusal(work: Promise<unknown>): Promise<{ code: string | undefined; texts: string[] }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { code: (error as { code?: string } | undefined)?.code, texts: causeChain(error) };
}

test(
  "rtnetlink: a fresh namespace has a loopback that is down and nothing else",
  async (context) => {
    const net = freshNetwork(context);
    const links = await net.links();
    expect(links.map(({ index, name, type, flags }) => [index, name, type, flags & linkFlags.up])).toEqual([
      [1, "lo", 772, 0],
    ]);
    expect([await net.addresses(), await net.routes(), await net.neighbors()]).toEqual([[], [], []]);
    await net.setLink(1, { up: true });
    const addresses = await net.addresses();
    expect(addresses.map(({ address, prefixLength, scope }) => [address, prefixLength, scope])).toEqual([
      ["127.0.0.1", 8, scopes.host],
      ["::1", 128, scopes.host],
    ]);
  },
  { needsRoot: true },
);

test(
  "rtnetlink: links are created, changed, renamed and deleted",
  async (context) => {
    const { net, linkIndex } = await withLink(context);
    expect(await net.findLink("d0")).toMatchObject({ kind: "veth", mtu: 1400, address: "02:00:00:00:00:01" });
    await net.setLink(linkIndex, { name: "eth0", mtu: 9000, address: "02:aa:bb:cc:dd:ee", noArp: true });
    await net.setLink(linkIndex, { up: true });
    const link = await net.findLink("eth0");
    expect(link).toMatchObject({ index: linkIndex, mtu: 9000, address: "02:aa:bb:cc:dd:ee" });
    expect((link?.flags ?? 0) & (linkFlags.up | linkFlags.noArp)).toBe(linkFlags.up | linkFlags.noArp);
    await net.createLink("br0", "bridge");
    const bridge = (await net.findLink("br0"))?.index ?? -1;
    await net.setLink(linkIndex, { master: bridge });
    expect((await net.findLink("eth0"))?.master).toBe(bridge);
    await net.deleteLink(linkIndex);
    expect(await net.findLink("eth0")).toBe(undefined);
  },
  { needsRoot: true },
);

test(
  "rtnetlink: addresses are added, listed and deleted",
  async (context) => {
    const { net, linkIndex } = await withLink(context);
    await net.addAddress({ linkIndex, address: "10.0.0.2", prefixLength: 24, broadcast: "10.0.0.255" });
    await net.addAddress({ linkIndex, address: "fd00::2", prefixLength: 64, flags: addressFlags.noDad });
    await net.setLink(linkIndex, { up: true });
    const [four] = await net.addresses(4);
    expect(four).toMatchObject({ linkIndex, address: "10.0.0.2", prefixLength: 24, broadcast: "10.0.0.255", scope: 0 });
    const six = (await net.addresses(6)).find(({ address }) => address === "fd00::2");
    expect((six?.flags ?? 0) & (addressFlags.noDad | addressFlags.tentative)).toBe(addressFlags.noDad);
    await net.deleteAddress({ linkIndex, address: "10.0.0.2", prefixLength: 24 });
    expect(await net.addresses(4)).toEqual([]);
  },
  { needsRoot: true },
);

test(
  "rtnetlink: routes of both versions are added, listed and deleted",
  async (context) => {
    const { net, linkIndex } = await withLink(context);
    await net.addAddress({ linkIndex, address: "10.0.0.2", prefixLength: 24 });
    await net.addAddress({ linkIndex, address: "fd00::2", prefixLength: 64, flags: addressFlags.noDad });
    await net.setLink(linkIndex, { up: true });
    const own = async () =>
      (await net.routes()).filter(
        ({ protocol, table }) => protocol === routeProtocols.boot && table === routeTables.main,
      );
    await net.addRoute({ family: 4, gateway: "10.0.0.1", metric: 100, mtu: 1300, source: "10.0.0.2" });
    await net.addRoute({ family: 4, destination: { address: "192.168.0.0", prefixLength: 16 }, linkIndex });
    const far = { family: 4, destination: { address: "172.16.0.0", prefixLength: 12 }, gateway: "9.9.9.9" } as const;
    await net.addRoute({ ...far, linkIndex, flags: routeFlags.onLink });
    await net.addRoute({ family: 6, gateway: "fd00::1", linkIndex });
    expect(await own()).toMatchObject([
      { family: 4, gateway: "10.0.0.1", metric: 100, mtu: 1300, source: "10.0.0.2", linkIndex },
      {
        family: 4,
        destination: { address: "172.16.0.0", prefixLength: 12 },
        gateway: "9.9.9.9",
        flags: routeFlags.onLink,
      },
      { family: 4, destination: { address: "192.168.0.0", prefixLength: 16 }, scope: scopes.link, linkIndex },
      { family: 6, gateway: "fd00::1", linkIndex },
    ]);
    await net.deleteRoute({ family: 4, gateway: "10.0.0.1" });
    await net.deleteRoute(far);
    await net.deleteRoute({ family: 4, destination: { address: "192.168.0.0", prefixLength: 16 } });
    await net.deleteRoute({ family: 6, gateway: "fd00::1" });
    expect(await own()).toEqual([]);
  },
  { needsRoot: true },
);

test(
  "rtnetlink: neighbours are set, replaced and deleted",
  async (context) => {
    const { net, linkIndex } = await withLink(context);
    await net.addAddress({ linkIndex, address: "10.0.0.2", prefixLength: 24 });
    await net.setLink(linkIndex, { up: true });
    const neighbor = { linkIndex, address: "10.0.0.9", state: neighborStates.permanent, flags: 0 };
    await net.setNeighbor({ ...neighbor, linkAddress: "02:00:00:00:00:09" });
    await net.setNeighbor({ ...neighbor, linkAddress: "02:00:00:00:00:0a" });
    const listed = (await net.neighbors()).filter(({ address }) => address === "10.0.0.9");
    expect(listed).toEqual([{ ...neighbor, linkAddress: "02:00:00:00:00:0a" }]);
    await net.deleteNeighbor(neighbor);
  },
  { needsRoot: true },
);

test(
  "rtnetlink: refusals carry code, request and the kernel's words",
  async (context) => {
    const { net, linkIndex } = await withLink(context);
    const address = { linkIndex, address: "10.0.0.2", prefixLength: 24 };
    await net.addAddress(address);
    const again = await refusal(net.addAddress(address));
    expect(again.code).toBe("already-exists");
    expect(again.texts.join("|")).toMatch(/^Cannot add address 10\.0\.0\.2\|EEXIST/);
    const gone = await refusal(net.setLink(4711, { up: true }));
    expect(gone).toMatchObject({ code: "not-found", texts: ["Cannot change link 4711", "ENODEV"] });
    const unreachable = await refusal(net.addRoute({ family: 4, gateway: "8.8.8.8" }));
    expect(unreachable.code).toBe("failed-precondition");
    expect(unreachable.texts[1]).toBe("ENETUNREACH: Nexthop has invalid gateway");
    expect((await refusal(net.createLink("d0", "veth"))).code).toBe("already-exists");
  },
  { needsRoot: true },
);

test(
  "rtnetlink: 1,000 addresses and 5,000 routes are listed whole",
  async (context) => {
    const { net, linkIndex } = await withLink(context);
    await net.setLink(linkIndex, { up: true });
    for (let i = 0; i < 1000; i++) {
      await net.addAddress({ linkIndex, address: `10.1.${i >> 8}.${i & 255}`, prefixLength: 32 });
    }
    for (let i = 0; i < 5000; i++) {
      await net.addRoute({
        family: 4,
        destination: { address: `10.2.${i >> 8}.${i & 255}`, prefixLength: 32 },
        linkIndex,
      });
    }
    expect((await net.addresses(4)).length).toBe(1000);
    expect((await net.routes(4)).filter(({ protocol }) => protocol === routeProtocols.boot).length).toBe(5000);
  },
  { timeoutMs: 30_000, needsRoot: true },
);

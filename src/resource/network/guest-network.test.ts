import { expect, test } from "vitest";
import { planEndpoints } from "./endpoint.ts";
import { guestNetwork } from "./guest-network.ts";
import type { NetnsFacts } from "./scan.ts";
import { address, facts, link, neighbor, route } from "./testing/facts.ts";

const plan = (found: NetnsFacts) => guestNetwork(planEndpoints(found).endpoints, found);
const one = { links: [link(2)], addresses: [address(2, "10.0.0.2/24")] };

test("a pod on a bridge with both IP versions", () => {
  const network = plan(
    facts({
      links: [link(2, { name: "eth0", mtu: 1450 })],
      addresses: [address(2, "10.88.0.2/16"), address(2, "fd00::2/64"), address(2, "fe80::7/64")],
      routes: [
        route(2, "default", { gateway: "10.88.0.1" }),
        route(2, "10.88.0.0/16", { protocol: 2, scope: 253, source: "10.88.0.2" }),
        route(2, "10.88.0.2/32", { protocol: 2, table: 255, type: 2 }),
        route(2, "192.168.0.0/16", { gateway: "10.88.0.1", mtu: 1300, source: "10.88.0.2" }),
        route(2, "default", { gateway: "fd00::1", metric: 1024 }),
        route(2, "fe80::/64", { protocol: 2, metric: 256 }),
      ],
      neighbors: [
        neighbor(2, "10.88.0.77"),
        neighbor(2, "10.88.0.1", { state: 4, linkAddress: "02:00:00:00:00:01" }),
        neighbor(2, "10.88.0.9", { state: 2 }),
        neighbor(2, "10.88.0.8", { state: 0x20 }),
      ],
    }),
  );
  const rest = { device: "eth0", source: "", scope: 0, flags: 0, mtu: 0 };
  expect(network).toEqual({
    interfaces: [
      {
        device: "eth0",
        name: "eth0",
        IPAddresses: [
          { family: 0, address: "10.88.0.2", mask: "16" },
          { family: 1, address: "fd00::2", mask: "64" },
        ],
        mtu: 1450n,
        hwAddr: "02:00:00:00:00:02",
        devicePath: "",
        type: "veth",
        rawFlags: 0,
      },
    ],
    routes: [
      { ...rest, dest: "", gateway: "10.88.0.1", family: 0 },
      { ...rest, dest: "192.168.0.0/16", gateway: "10.88.0.1", family: 0, mtu: 1300, source: "10.88.0.2" },
      { ...rest, dest: "", gateway: "fd00::1", family: 1 },
    ],
    neighbors: [
      {
        toIPAddress: { family: 0, address: "10.88.0.77", mask: "32" },
        device: "eth0",
        lladdr: "02:00:00:00:00:77",
        state: 0x80,
        flags: 0,
      },
      {
        toIPAddress: { family: 0, address: "10.88.0.1", mask: "32" },
        device: "eth0",
        lladdr: "02:00:00:00:00:01",
        state: 4,
        flags: 0,
      },
    ],
  });
});

test("a gateway that is no neighbour by its address stays on the link; the host's own flags do not travel", () => {
  const { routes } = plan(
    facts({
      links: [link(2)],
      addresses: [address(2, "10.0.0.2/32")],
      routes: [
        route(2, "default", { gateway: "169.254.1.1", flags: 4 | 16 }),
        route(2, "169.254.1.1/32", { scope: 253, flags: 16 }),
      ],
    }),
  );
  expect(routes).toMatchObject([
    { dest: "", gateway: "169.254.1.1", flags: 4 },
    { dest: "169.254.1.1/32", gateway: "", scope: 253, flags: 0 },
  ]);
});

test("of two default routes the better one comes first", () => {
  const { routes } = plan(
    facts({
      links: [link(2), link(3)],
      addresses: [address(2, "10.0.0.2/24"), address(3, "10.1.0.2/24")],
      routes: [
        route(2, "default", { gateway: "10.0.0.1", metric: 200 }),
        route(3, "default", { gateway: "10.1.0.1", metric: 100 }),
      ],
    }),
  );
  expect(routes.map(({ device }) => device)).toEqual(["eth3", "eth2"]);
});

test("routes and neighbours of other tables, kinds and links stay behind", () => {
  const network = plan(
    facts({
      ...one,
      routes: [
        route(2, "10.5.0.0/16", { table: 100 }),
        route(2, "10.6.0.0/16", { type: 6 }),
        route(9, "10.7.0.0/16"),
        route(-1, "10.8.0.0/16"),
      ],
      neighbors: [neighbor(9, "10.0.0.9"), neighbor(2, "10.0.0.8", { state: 1 })],
    }),
  );
  expect([network.routes, network.neighbors]).toEqual([[], []]);
});

test("the guest takes 4096 routes and neighbours, and no more", () => {
  const routes = (count: number) =>
    facts({ ...one, routes: Array.from({ length: count }, (_, i) => route(2, `10.${i >> 8}.${i & 255}.0/24`)) });
  expect(plan(routes(4096)).routes).toHaveLength(4096);
  expect(() => plan(routes(4097))).toThrow("The pod has 4097 routes, the guest takes at most 4096");
  const neighbors = Array.from({ length: 4097 }, (_, i) => neighbor(2, `10.0.${i >> 8}.${i & 255}`));
  expect(() => plan(facts({ ...one, neighbors }))).toThrow(expect.objectContaining({ code: "resource-exhausted" }));
});

import { describe, expect, test } from "vitest";
import { linkFlags } from "../../wire/netlink/link.ts";
import { planEndpoints } from "./endpoint.ts";
import { endpointKind } from "./endpoint-kind.ts";
import { address, facts, link } from "./testing/facts.ts";

const plan = (...parts: [fields: Parameters<typeof link>[1], ...addresses: string[]][]) =>
  planEndpoints(
    facts({
      links: parts.map(([fields], index) => link(index + 2, fields)),
      addresses: parts.flatMap(([, ...texts], index) => texts.map((text) => address(index + 2, text))),
    }),
  );

describe("planEndpoints()", () => {
  test("takes the interfaces with addresses, by name, with what the guest needs to know", () => {
    const { endpoints, warnings } = plan(
      [{ name: "net1", mtu: 9000 }, "10.1.0.2/24"],
      [
        { name: "eth0", mtu: 1450, flags: linkFlags.up | linkFlags.noArp, address: "02:aa:bb:cc:dd:ee" },
        "10.0.0.2/24",
        "fe80::1/64",
        "fd00::2/64",
      ],
    );
    expect(warnings).toEqual([]);
    expect(endpoints).toEqual([
      {
        name: "eth0",
        kind: "veth",
        linkIndex: 3,
        mac: "02:aa:bb:cc:dd:ee",
        mtu: 1450,
        noArp: true,
        addresses: [
          { address: "10.0.0.2", prefixLength: 24 },
          { address: "fd00::2", prefixLength: 64 },
        ],
      },
      {
        name: "net1",
        kind: "veth",
        linkIndex: 2,
        mac: "02:00:00:00:00:02",
        mtu: 9000,
        noArp: false,
        addresses: [{ address: "10.1.0.2", prefixLength: 24 }],
      },
    ]);
  });

  test("leaves out what leads nowhere: loopback, links without addresses of their own, our taps", () => {
    const nothing = plan(
      [{ name: "lo", flags: linkFlags.up | linkFlags.loopback, kind: undefined }, "127.0.0.1/8", "10.9.9.9/32"],
      [{ name: "eth0" }],
      [{ name: "eth1" }, "fe80::5/64", "febf::1/64"],
      [{ name: "tunl0", kind: "ipip", type: 768 }],
      [{ name: "tap0_kata", kind: "tun" }, "10.0.0.9/24"],
    );
    expect(nothing).toEqual({ endpoints: [], warnings: [] });
  });

  test("takes addresses that only look like link-local ones", () => {
    expect(plan([{}, "fe8::1/64"]).endpoints[0]?.addresses).toEqual([{ address: "fe8::1", prefixLength: 64 }]);
  });

  test.each([
    ["macvlan", { kind: "macvlan" }],
    ["ipvlan", { kind: "ipvlan" }],
    ["macvtap", { kind: "macvtap" }],
    ["vlan", { kind: "vlan" }],
    ["tap", { kind: "tun" }],
    ["tuntap", { kind: "tun", type: 65534 }],
    ["physical", { kind: undefined, device: "0000:00:03.0" }],
  ] as const)("refuses %s with the link, the kind and the rule", (kind, fields) => {
    expect(() => plan([{ name: "eth0", ...fields }, "10.0.0.2/24"])).toThrow(
      expect.objectContaining({
        code: "unimplemented",
        field: "linux.namespaces",
        message: expect.stringMatching(`^Interface "eth0" of kind ${kind} cannot be used: .* not supported`),
      }),
    );
    expect(plan([{ name: "eth0", ...fields }]).endpoints).toEqual([]);
  });

  test("warns of links that mean nothing to the guest", () => {
    expect(plan([{ name: "dummy0", kind: "dummy" }, "10.0.0.2/24"])).toEqual({
      endpoints: [],
      warnings: ['Interface "dummy0" of kind other is left out: interfaces of this type are not joined to VMs'],
    });
  });

  test.each([
    ["a strange name", { name: "eth 0" }, "invalid-argument", /^Interface name must be/],
    ["no MAC address", { address: "" }, "invalid-argument", /must have a MAC address, got ""/],
    ["an InfiniBand address", { address: "00".repeat(20) }, "invalid-argument", /must have a MAC address/],
    ["an empty MAC address", { address: "00:00:00:00:00:00" }, "invalid-argument", /must have a MAC address/],
  ])("refuses %s", (_name, fields, code, message) => {
    expect(() => plan([fields, "10.0.0.2/24"])).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test("refuses two interfaces that the guest could not tell apart", () => {
    const mac = { address: "02:00:00:00:00:01" };
    expect(() => plan([{ name: "a", ...mac }, "10.0.0.2/24"], [{ name: "b", ...mac }, "10.0.0.3/24"])).toThrow(
      "Interfaces a and b have the same MAC address 02:00:00:00:00:01",
    );
  });

  test("takes 64 interfaces and 256 addresses, and no more", () => {
    const links = (count: number) =>
      facts({
        links: Array.from({ length: count }, (_, index) => link(index + 2)),
        addresses: Array.from({ length: count }, (_, index) => address(index + 2, `10.0.0.${index}/32`)),
      });
    expect(planEndpoints(links(64)).endpoints).toHaveLength(64);
    expect(() => planEndpoints(links(65))).toThrow("The pod has 65 network interfaces, a VM takes at most 64");
    const many = (count: number) => Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`);
    expect(plan([{}, ...many(256)]).endpoints).toHaveLength(1);
    expect(() => plan([{}, ...many(257)])).toThrow(expect.objectContaining({ code: "resource-exhausted" }));
  });
});

test("endpointKind() takes a virtual Ethernet link of an unknown driver for a device", () => {
  expect(endpointKind({ type: 1 })).toBe("device");
  expect(endpointKind({ type: 772 })).toBe("other");
  expect(endpointKind({ type: 1, kind: "constructor" })).toBe("other");
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KataError } from "../../base/error.ts";
import { fuzz } from "../testing/fuzz.ts";
import { type Address, decodeAddress, encodeAddress, scopes } from "./address.ts";
import { NetlinkWriter } from "./buffer.ts";
import { formatIp } from "./ip-address.ts";
import { checkLinkName, decodeLink, encodeLinkChange, encodeNewLink, linkFlags } from "./link.ts";
import { acknowledgement, decodeDatagram, encodeRequest } from "./message.ts";
import { decodeNeighbor, encodeNeighbor, type Neighbor } from "./neighbor.ts";
import { decodeRoute, encodeRoute, type Route } from "./route.ts";
import { decodeIngressQdisc, encodeIngressQdisc, encodeRedirect } from "./traffic.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const ip = (family: 4 | 6) =>
  fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 }).map(formatIp);
const family = fc.constantFrom<4 | 6>(4, 6);
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":"));
const optional = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((item) => (item === undefined ? {} : { [key]: item }));
const merged = (...parts: fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((list) => Object.assign({}, ...list) as object);

describe("records survive encoding and decoding", () => {
  test("addresses", () => {
    const addresses = family.chain((version) =>
      merged(
        fc.record({
          linkIndex: fc.nat(0x7fffffff),
          address: ip(version),
          prefixLength: fc.nat(version * 8),
          scope: fc.nat(255),
          flags: fc.nat(0xffff),
        }),
        optional("broadcast", ip(version)),
        optional("peer", ip(version)),
      ),
    );
    fc.assert(
      fc.property(addresses, (generated) => {
        const address = generated as Address;
        const { peer, ...rest } = address;
        expect(decodeAddress(encodeAddress(address))).toEqual(peer === address.address ? rest : address);
      }),
    );
  });

  test("routes", () => {
    const routes = family.chain((version) =>
      merged(
        fc.record({
          family: fc.constant(version),
          scope: fc.nat(255),
          type: fc.nat(11),
          protocol: fc.nat(255),
          table: fc.integer({ min: 1, max: 100_000 }),
          metric: fc.nat(1 << 30),
          flags: fc.nat(0xffff),
        }),
        optional("destination", fc.record({ address: ip(version), prefixLength: fc.nat(version * 8) })),
        optional("gateway", ip(version)),
        optional("source", ip(version)),
        optional("linkIndex", fc.nat(0x7fffffff)),
        optional("mtu", fc.nat(65535)),
      ),
    );
    fc.assert(fc.property(routes, (route) => void expect(decodeRoute(encodeRoute(route as Route))).toEqual(route)));
  });

  test("neighbours", () => {
    const neighbors = family.chain((version) =>
      merged(
        fc.record({ linkIndex: fc.nat(0x7fffffff), address: ip(version), state: fc.nat(255), flags: fc.nat(255) }),
        optional("linkAddress", mac),
      ),
    );
    fc.assert(
      fc.property(neighbors, (item) => void expect(decodeNeighbor(encodeNeighbor(item as Neighbor))).toEqual(item)),
    );
  });

  test("links", () => {
    expect(
      decodeLink(encodeNewLink("dummy0", "dummy", { up: true, mtu: 1400, address: "02:00:00:00:00:01", master: 7 })),
    ).toEqual({
      index: 0,
      name: "dummy0",
      flags: linkFlags.up,
      type: 0,
      mtu: 1400,
      address: "02:00:00:00:00:01",
      kind: "dummy",
      master: 7,
    });
  });
});

describe("bytes are those of iproute2", () => {
  test("ip link set dev 2 up mtu 1500", () => {
    const payload = encodeLinkChange(2, { up: true, mtu: 1500 });
    expect(hex(encodeRequest(16, 4, 1, payload))).toBe(
      `28000000${"1000"}${"0500"}0100000000000000` +
        `00000000${"02000000"}${"01000000"}${"01000000"}` +
        `08000400dc050000`,
    );
  });

  test("ip link set dev 3 down arp off name eth0", () => {
    expect(hex(encodeLinkChange(3, { up: false, noArp: true, name: "eth0" }))).toBe(
      `0000000003000000${"80000000"}${"81000000"}` + `09000300${Buffer.from("eth0\0").toString("hex")}000000`,
    );
  });

  test("ip address add 10.0.0.2/24 dev 2", () => {
    expect(hex(encodeAddress({ linkIndex: 2, address: "10.0.0.2", prefixLength: 24 }))).toBe(
      `0218000002000000` + `080002000a000002` + `080001000a000002`,
    );
  });

  test("ip route add default via 10.0.0.1 dev 2 onlink mtu 1400", () => {
    expect(hex(encodeRoute({ family: 4, gateway: "10.0.0.1", linkIndex: 2, flags: 4, mtu: 1400 }))).toBe(
      `02000000fe03000104000000` +
        `080005000a000001` +
        `0800040002000000` +
        `0c000880` +
        `0800020078050000` +
        `08000f00fe000000`,
    );
  });

  test("ip route add 10.1.0.0/16 dev 2 has link scope, ip -6 route has not", () => {
    const four = encodeRoute({ family: 4, destination: { address: "10.1.0.0", prefixLength: 16 }, linkIndex: 2 });
    const six = encodeRoute({ family: 6, destination: { address: "fd00::", prefixLength: 8 }, linkIndex: 2 });
    expect([decodeRoute(four)?.scope, decodeRoute(six)?.scope]).toEqual([scopes.link, scopes.universe]);
  });

  test("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev 2 nud permanent", () => {
    const neighbor = { linkIndex: 2, address: "10.0.0.9", linkAddress: "02:00:00:00:00:09", state: 0x80, flags: 0 };
    expect(hex(encodeNeighbor(neighbor))).toBe(
      `020000000200000080000000` + `080001000a000009` + `0a000200020000000009` + `0000`,
    );
  });
});

describe("what is wrong is refused with a typed error", () => {
  test.each(["", "a".repeat(16), "a/b", "a b", "a\0", "a:1", ".", "..", "é", "a\n"])("interface name %j", (name) => {
    expect(() => checkLinkName(name)).toThrow(KataError);
  });

  test("interface names that the kernel takes are taken", () => {
    for (const name of ["eth0", "a", "a".repeat(15), "tap0_kata", "eth0.100", "br-1", "..."]) checkLinkName(name);
  });

  test("addresses of the other version and MTUs out of range", () => {
    expect(() => encodeRoute({ family: 4, gateway: "fe80::1" })).toThrow(
      "Address fe80::1 does not belong into an IPv4 route",
    );
    for (const mtu of [-1, 1.5, 2 ** 31, Number.NaN]) expect(() => encodeLinkChange(1, { mtu })).toThrow(/Not an MTU/);
  });
});

describe("datagrams", () => {
  const ack = (code: number, flags: number, more: (writer: NetlinkWriter) => NetlinkWriter = (writer) => writer) => {
    const body = more(
      new NetlinkWriter()
        .u32(code >>> 0)
        .u32(20)
        .u16(16)
        .u16(5)
        .u32(1)
        .u32(0),
    ).finish();
    const [message] = decodeDatagram(encodeRequest(2, flags, 1, body));
    return message === undefined ? undefined : acknowledgement(message);
  };

  test("hold several messages, and a success is no error", () => {
    const one = encodeRequest(16, 2, 5, new Uint8Array(5));
    const two = encodeRequest(3, 2, 5, new Uint8Array(4));
    const messages = decodeDatagram(Buffer.concat([one, new Uint8Array(3), two]));
    expect(messages.map(({ type, flags, sequence, payload }) => [type, flags, sequence, payload.length])).toEqual([
      [16, 3, 5, 5],
      [3, 3, 5, 4],
    ]);
    expect(ack(0, 0)).toBeUndefined();
  });

  test("name the error and the kernel's words for it", () => {
    expect(ack(-17, 0)).toMatchObject({ errno: 17, code: "EEXIST", kataCode: "already-exists", message: "EEXIST" });
    expect(ack(-77, 0)).toMatchObject({ code: "errno 77", kataCode: "internal" });
    const capped = ack(-22, 0x300, (writer) => writer.attributeText(1, "Invalid prefix for given prefix length"));
    expect(capped?.message).toBe("EINVAL: Invalid prefix for given prefix length");
    const repeated = ack(-22, 0x200, (writer) =>
      writer.u32(0xdeadbeef).attributeU32(2, 8).attributeText(1, "Nexthop has invalid gateway"),
    );
    expect(repeated?.message).toBe("EINVAL: Nexthop has invalid gateway");
  });

  test("of mutated bytes decode to something or nothing, and never throw", () => {
    const corpus = [
      encodeRequest(16, 2, 1, encodeNewLink("eth0", "veth", { mtu: 1500 })),
      encodeRequest(20, 2, 1, encodeAddress({ linkIndex: 1, address: "10.0.0.1", prefixLength: 8 })),
      encodeRequest(24, 2, 1, encodeRoute({ family: 6, gateway: "fe80::1", mtu: 1280 })),
      encodeRequest(
        28,
        2,
        1,
        encodeNeighbor({ linkIndex: 1, address: "::1", linkAddress: "02:00:00:00:00:01", state: 2, flags: 0 }),
      ),
      encodeRequest(36, 2, 1, encodeIngressQdisc(3)),
      encodeRequest(44, 2, 1, encodeRedirect(3, 4)),
      encodeRequest(2, 0x200, 1, new Uint8Array(40).fill(1)),
    ];
    const tokens = [Uint8Array.of(0, 0, 0, 0), Uint8Array.of(4, 0), Uint8Array.of(0xff, 0xff)];
    fuzz({ corpus, tokens, runs: 5000 }, ([chunk = new Uint8Array()]) => {
      for (const message of decodeDatagram(chunk)) {
        for (const decode of [decodeLink, decodeAddress, decodeRoute, decodeNeighbor, decodeIngressQdisc]) {
          decode(message.payload);
        }
        acknowledgement(message);
      }
    });
  });
});

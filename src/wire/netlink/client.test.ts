import { describe, expect, test } from "vitest";
import { causeChain } from "../../base/error.ts";
import { caught } from "../testing/caught.ts";
import { encodeAddress } from "./address.ts";
import { NetlinkWriter } from "./buffer.ts";
import { RtnetlinkClient } from "./client.ts";
import { encodeNewLink } from "./link.ts";
import { decodeDatagram, type NetlinkMessage } from "./message.ts";
import { NetlinkError } from "./netlink-error.ts";

/** A message as the kernel sends it. */
function message(type: number, flags: number, sequence: number, payload: Uint8Array): Uint8Array {
  const head = new NetlinkWriter()
    .u32(16 + payload.length)
    .u16(type)
    .u16(flags)
    .u32(sequence)
    .u32(4242)
    .finish();
  return Buffer.concat([head, payload, new Uint8Array(-payload.length & 3)]);
}

const status = (code: number) =>
  new NetlinkWriter()
    .u32(code >>> 0)
    .u32(0)
    .u32(0)
    .u32(0)
    .u32(0)
    .finish();
const link = (name: string) => encodeNewLink(name, "dummy", {});

/** A kernel that answers each request with the datagrams that `answer` gives. */
function kernel(answer: (request: NetlinkMessage, turn: number) => Uint8Array[]) {
  const queue: Uint8Array[] = [];
  const requests: NetlinkMessage[] = [];
  const transport = {
    send: (datagram: Uint8Array) => {
      const [request] = decodeDatagram(datagram);
      if (request === undefined) throw new Error("no message");
      requests.push(request);
      queue.push(...answer(request, requests.length));
    },
    receive: async () => {
      const datagram = queue.shift();
      if (datagram === undefined) throw new Error("The kernel has nothing to say");
      return datagram;
    },
  };
  return { client: new RtnetlinkClient({ transport }), requests, queue };
}

describe("RtnetlinkClient", () => {
  test("collects a dump over several messages and datagrams, and leaves other kinds out", async () => {
    const { client } = kernel(({ sequence }) => [
      Buffer.concat([message(16, 2, sequence, link("a")), message(16, 2, sequence, link("b"))]),
      message(20, 2, sequence, encodeAddress({ linkIndex: 1, address: "::1", prefixLength: 128 })),
      message(16, 2, sequence - 1, link("stale")),
      Buffer.concat([message(16, 2, sequence, link("c")), message(3, 2, sequence, status(0))]),
    ]);
    expect((await client.links()).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect((await client.findLink("b"))?.name).toBe("b");
    expect(await client.findLink("x")).toBeUndefined();
  });

  test("repeats a dump that was interrupted, a few times", async () => {
    const { client, requests } = kernel(({ sequence }, turn) => [
      message(16, turn === 1 ? 0x12 : 2, sequence, link(`turn${turn}`)),
      message(3, 2, sequence, status(0)),
    ]);
    expect((await client.links()).map(({ name }) => name)).toEqual(["turn2"]);
    expect(requests).toHaveLength(2);
    const restless = kernel(({ sequence }) => [message(3, 0x12, sequence, status(0))]);
    expect((await caught(restless.client.routes())).code).toBe("unavailable");
    expect(restless.requests).toHaveLength(5);
  });

  test("rejects with the kernel's error and says what was asked", async () => {
    const { client } = kernel(({ sequence }) => [message(2, 0, sequence, status(-17))]);
    const error = await caught(client.addAddress({ linkIndex: 2, address: "10.0.0.2", prefixLength: 24 }));
    expect(error.code).toBe("already-exists");
    expect(error.cause).toBeInstanceOf(NetlinkError);
    expect(causeChain(error)).toEqual(["Cannot add address 10.0.0.2", "EEXIST"]);
    const gateway = await caught(client.addRoute({ family: 4, gateway: "10.0.0.1" }));
    expect(gateway.message).toBe("Cannot add route default via 10.0.0.1");
    expect((await caught(client.links())).message).toBe("Cannot list links");
  });

  test("sends nothing for a wrong address, and goes on after any failure", async () => {
    const { client, requests } = kernel(({ sequence }) => [message(2, 0, sequence, status(0))]);
    expect((await caught(client.addAddress({ linkIndex: 2, address: "10.0.0", prefixLength: 24 }))).code).toBe(
      "invalid-argument",
    );
    expect((await caught(client.setLink(2, { name: "much-too-long-a-name" }))).code).toBe("invalid-argument");
    expect(requests).toHaveLength(0);
    await client.setLink(2, { up: true });
    expect(requests).toHaveLength(1);
  });

  test("runs one request at a time", async () => {
    const { client, requests, queue } = kernel(({ sequence }) => [message(2, 0, sequence, status(0))]);
    await Promise.all([
      client.setLink(1, {}),
      client.deleteLink(1),
      client.deleteNeighbor({ linkIndex: 1, address: "::1", state: 0, flags: 0 }),
    ]);
    expect(requests.map(({ type, flags, sequence }) => [type, flags, sequence])).toEqual([
      [19, 5, 1],
      [17, 5, 2],
      [29, 5, 3],
    ]);
    expect(queue).toEqual([]);
  });

  test("passes a failing socket on", async () => {
    const { client } = kernel(() => []);
    expect(causeChain(await caught(client.links()))).toEqual(["Cannot list links", "The kernel has nothing to say"]);
  });
});

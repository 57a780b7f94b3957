import { KataError } from "../../base/error.ts";
import { type Address, decodeAddress, encodeAddress, encodeAddressDump, type NewAddress, scopes } from "./address.ts";
import type { IpFamily } from "./ip-address.ts";
import { decodeLink, encodeLinkChange, encodeLinkDump, encodeNewLink, type Link, type LinkChange } from "./link.ts";
import { acknowledgement, controlTypes, decodeDatagram, encodeRequest, netlinkFlags } from "./message.ts";
import { decodeNeighbor, encodeNeighbor, encodeNeighborDump, type Neighbor } from "./neighbor.ts";
import type { NetlinkError } from "./netlink-error.ts";
import { decodeRoute, encodeRoute, encodeRouteDump, type NewRoute, type Route, routeProtocols } from "./route.ts";
import { decodeIngressQdisc, encodeIngressQdisc, encodeQdiscDump, encodeRedirect } from "./traffic.ts";

/** A netlink socket: whole datagrams, in order. Its owner closes it after the client's last call. */
export interface NetlinkTransport {
  send(datagram: Uint8Array): void | Promise<void>;
  /** The next datagram, up to 32 KiB of it; may be borrowed until the next call. */
  receive(): Uint8Array | Promise<Uint8Array>;
}

/** Message types of rtnetlink (rtnetlink(7)). */
const types = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbor: 28,
  deleteNeighbor: 29,
  getNeighbor: 30,
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newFilter: 44,
} as const;

/** More objects than this in one dump are refused. */
const maxRecords = 100_000;
/** A dump that the kernel's list outran is repeated this often. */
const maxDumps = 5;

/**
 * Configures the network of the namespace that its socket was opened in. One request at a time; calls queue up. Every
 * method rejects with a KataError whose cause is the kernel's NetlinkError; codes are `not-found`, `already-exists`,
 * `permission-denied`, `invalid-argument` and so on; `invalid-argument` also for texts that are no addresses or names.
 */
export class RtnetlinkClient {
  private readonly transport: NetlinkTransport;
  private sequence = 0;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(deps: { transport: NetlinkTransport }) {
    this.transport = deps.transport;
  }

  links(): Promise<Link[]> {
    return this.dump("links", types.getLink, types.newLink, encodeLinkDump, decodeLink);
  }

  /** The link with this name, or undefined. */
  async findLink(name: string): Promise<Link | undefined> {
    return (await this.links()).find((link) => link.name === name);
  }

  setLink(index: number, change: LinkChange): Promise<void> {
    return this.request(`change link ${index}`, types.setLink, 0, () => encodeLinkChange(index, change));
  }

  /** Adds a virtual link of a kind that needs no more than its name: `dummy`, `bridge`, `ifb`, `veth`. */
  createLink(name: string, kind: string, change: LinkChange = {}): Promise<void> {
    const flags = netlinkFlags.create | netlinkFlags.exclusive;
    return this.request(`create link ${name}`, types.newLink, flags, () => encodeNewLink(name, kind, change));
  }

  deleteLink(index: number): Promise<void> {
    return this.request(`delete link ${index}`, types.deleteLink, 0, () => encodeLinkChange(index, {}));
  }

  addresses(family?: IpFamily): Promise<Address[]> {
    return this.dump("addresses", types.getAddress, types.newAddress, () => encodeAddressDump(family), decodeAddress);
  }

  addAddress(address: NewAddress): Promise<void> {
    const flags = netlinkFlags.create | netlinkFlags.exclusive;
    return this.request(`add address ${address.address}`, types.newAddress, flags, () => encodeAddress(address));
  }

  deleteAddress(address: NewAddress): Promise<void> {
    return this.request(`delete address ${address.address}`, types.deleteAddress, 0, () => encodeAddress(address));
  }

  /** Routes of all tables. */
  routes(family?: IpFamily): Promise<Route[]> {
    return this.dump("routes", types.getRoute, types.newRoute, () => encodeRouteDump(family), decodeRoute);
  }

  addRoute(route: NewRoute): Promise<void> {
    const flags = netlinkFlags.create | netlinkFlags.exclusive;
    return this.request(`add route ${routeText(route)}`, types.newRoute, flags, () => encodeRoute(route));
  }

  /** Deletes the route that matches; scope, type and protocol only have to if they are given. */
  deleteRoute(route: NewRoute): Promise<void> {
    const any = { scope: scopes.nowhere, type: 0, protocol: routeProtocols.unspecified };
    return this.request(`delete route ${routeText(route)}`, types.deleteRoute, 0, () =>
      encodeRoute({ ...any, ...route }),
    );
  }

  neighbors(): Promise<Neighbor[]> {
    return this.dump("neighbours", types.getNeighbor, types.newNeighbor, encodeNeighborDump, decodeNeighbor);
  }

  /** Adds an entry, or replaces the one with the same address. */
  setNeighbor(neighbor: Neighbor): Promise<void> {
    const flags = netlinkFlags.create | netlinkFlags.replace;
    return this.request(`set neighbour ${neighbor.address}`, types.newNeighbor, flags, () => encodeNeighbor(neighbor));
  }

  deleteNeighbor(neighbor: Neighbor): Promise<void> {
    return this.request(`delete neighbour ${neighbor.address}`, types.deleteNeighbor, 0, () =>
      encodeNeighbor(neighbor),
    );
  }

  /** Gives a link the ingress qdisc that `redirectIngress` needs; `already-exists` when it has one. */
  addIngress(linkIndex: number): Promise<void> {
    const flags = netlinkFlags.create | netlinkFlags.exclusive;
    return this.request(`add an ingress qdisc to link ${linkIndex}`, types.newQdisc, flags, () =>
      encodeIngressQdisc(linkIndex),
    );
  }

  /** Indexes of the links that have a qdisc for what comes in. */
  ingressLinks(): Promise<number[]> {
    return this.dump("qdiscs", types.getQdisc, types.newQdisc, encodeQdiscDump, decodeIngressQdisc);
  }

  /** Takes the ingress qdisc away with all its filters. */
  deleteIngress(linkIndex: number): Promise<void> {
    return this.request(`delete the ingress qdisc of link ${linkIndex}`, types.deleteQdisc, 0, () =>
      encodeIngressQdisc(linkIndex),
    );
  }

  /** Everything that comes in over `from` leaves over `to`; nothing of it reaches the host. */
  redirectIngress(from: number, to: number): Promise<void> {
    const flags = netlinkFlags.create | netlinkFlags.exclusive;
    return this.request(`redirect link ${from} to link ${to}`, types.newFilter, flags, () => encodeRedirect(from, to));
  }

  private request(what: string, type: number, flags: number, encode: () => Uint8Array): Promise<void> {
    return this.next(async () => {
      const outcome = await this.exchange(what, type, flags | netlinkFlags.ack, encode(), () => undefined);
      if (outcome.error !== undefined) throw failed(what, outcome.error);
    });
  }

  private dump<T>(
    what: string,
    request: number,
    answer: number,
    encode: () => Uint8Array,
    decode: (payload: Uint8Array) => T | undefined,
  ): Promise<T[]> {
    return this.next(async () => {
      for (let attempt = 0; attempt < maxDumps; attempt++) {
        const records: T[] = [];
        const outcome = await this.exchange(`list ${what}`, request, netlinkFlags.dump, encode(), (type, payload) => {
          const record = type === answer ? decode(payload) : undefined;
          if (record !== undefined) records.push(record);
          if (records.length > maxRecords) throw new KataError("resource-exhausted", `More than ${maxRecords} ${what}`);
        });
        if (outcome.error !== undefined) throw failed(`list ${what}`, outcome.error);
        if (!outcome.interrupted) return records;
      }
      throw new KataError("unavailable", `The kernel's ${what} change faster than they can be listed`);
    });
  }

  /** Runs `work` when the requests before it are over. */
  private next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Sends one request and reads up to the message that ends the answer. */
  private async exchange(
    what: string,
    type: number,
    flags: number,
    payload: Uint8Array,
    onMessage: (type: number, payload: Uint8Array) => void,
  ): Promise<{ error: NetlinkError | undefined; interrupted: boolean }> {
    this.sequence = (this.sequence + 1) >>> 0;
    let interrupted = false;
    try {
      await this.transport.send(encodeRequest(type, flags, this.sequence, payload));
      for (;;) {
        for (const message of decodeDatagram(await this.transport.receive())) {
          // What is left of a request that failed half way carries an older number.
          if (message.sequence !== this.sequence) continue;
          interrupted ||= (message.flags & netlinkFlags.dumpInterrupted) !== 0;
          if (message.type === controlTypes.error || message.type === controlTypes.done) {
            return { error: acknowledgement(message), interrupted };
          }
          onMessage(message.type, message.payload);
        }
      }
    } catch (error) {
      throw KataError.wrap(error, `Cannot ${what}`);
    }
  }
}

function failed(what: string, cause: NetlinkError): KataError {
  return new KataError(cause.kataCode, `Cannot ${what}`, { cause });
}

function routeText({ destination, gateway }: NewRoute): string {
  const target = destination === undefined ? "default" : `${destination.address}/${destination.prefixLength}`;
  return gateway === undefined ? target : `${target} via ${gateway}`;
}

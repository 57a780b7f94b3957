import type { ByteStream } from "../../base/byte-stream.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { ServiceDefinition } from "../codec.ts";
import { BoundService, type Peer, type ServiceHandlers, type ServiceTable } from "./handlers.ts";
import { ServerConnection, type TtrpcServerOptions } from "./server-connection.ts";

/**
 * The server side of ttrpc: services are registered once, connections are handed in as they are accepted. Odd frames are
 * answered as the reference (containerd/ttrpc, server.go) answers them; nothing a peer sends ends the process, and a
 * handler that throws ends its own call only.
 */
export class TtrpcServer {
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly options: Required<TtrpcServerOptions>;
  private readonly services: ServiceTable = new Map();
  private readonly connections = new Set<ServerConnection>();
  private ended = false;

  constructor(deps: { clock: Clock; logger: Logger }, options: TtrpcServerOptions = {}) {
    this.clock = deps.clock;
    this.logger = deps.logger;
    this.options = {
      maxInFlight: options.maxInFlight ?? 4096,
      maxInFlightBytes: options.maxInFlightBytes ?? 64 << 20,
      maxBacklogBytes: options.maxBacklogBytes ?? 4 << 20,
    };
  }

  /** Offers a service on all connections, also on those that exist. Throws Error for a name that is taken. */
  register<S extends ServiceDefinition>(service: S, handlers: ServiceHandlers<S>): void {
    if (this.services.has(service.name)) throw new Error(`Service ${service.name} is registered already`);
    this.services.set(service.name, new BoundService(service, handlers));
  }

  /** Serves a connection until it ends, and takes it over: nobody else may start, read or close it. */
  serve(stream: ByteStream, peer?: Peer): ServerConnection {
    const connection = new ServerConnection(
      { stream, clock: this.clock, logger: this.logger, services: this.services, peer },
      this.options,
    );
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
    if (this.ended) connection.close();
    return connection;
  }

  /** Connections being served. */
  get connectionCount(): number {
    return this.connections.size;
  }

  /**
   * Ends all connections once the answers given so far are written; calls in flight are cancelled, and connections
   * handed in later are closed. Resolves when no connection is left.
   */
  async end(): Promise<void> {
    this.ended = true;
    const open = [...this.connections];
    for (const connection of open) connection.end();
    await Promise.all(open.map((connection) => connection.closed));
  }

  /** Ends all connections at once; answers that are not written yet are lost. */
  close(): void {
    this.ended = true;
    for (const connection of [...this.connections]) connection.close();
  }
}

import type { ByteStream } from "../../base/byte-stream.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { HttpHandler, HttpMethod } from "./handler.ts";
import { HttpServerConnection, type HttpServerLimits } from "./server-connection.ts";

/** A small HTTP/1.1 server: exact paths, bounded bodies, one request at a time on each connection. */
export class HttpServer {
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly limits: HttpServerLimits;
  private readonly routes = new Map<string, Map<string, HttpHandler>>();
  private readonly connections = new Set<HttpServerConnection>();

  constructor(deps: { clock: Clock; logger: Logger }, limits: Partial<HttpServerLimits> = {}) {
    this.clock = deps.clock;
    this.logger = deps.logger;
    this.limits = {
      maxHeadBytes: limits.maxHeadBytes ?? 16384,
      maxBodyBytes: limits.maxBodyBytes ?? 1 << 20,
      maxConnections: limits.maxConnections ?? 128,
      requestTimeoutMs: limits.requestTimeoutMs ?? 30_000,
      idleTimeoutMs: limits.idleTimeoutMs ?? 60_000,
    };
  }

  /** Serves `path` with `handler`; HEAD is served wherever GET is. Throws Error for a route that is taken. */
  route(method: HttpMethod, path: string, handler: HttpHandler): void {
    const methods = this.routes.get(path) ?? new Map<string, HttpHandler>();
    if (methods.has(method)) throw new Error(`Route ${method} ${path} is taken`);
    this.routes.set(path, methods.set(method, handler));
  }

  /** Serves a connection until it ends, and takes it over. Connections above the limit are closed at once. */
  serve(stream: ByteStream): void {
    const { clock, logger, routes, limits } = this;
    if (this.connections.size >= limits.maxConnections) {
      logger.warn("HTTP connection refused", { open: this.connections.size });
      stream.close();
      return;
    }
    const connection = new HttpServerConnection({ stream, clock, logger, routes }, limits, () =>
      this.connections.delete(connection),
    );
    this.connections.add(connection);
  }

  /** Ends all connections at once. */
  close(): void {
    for (const connection of [...this.connections]) connection.close();
  }
}

import type { CancelSignal } from "../../base/cancel.ts";
import type { Deadline } from "../../base/deadline.ts";
import type { MethodDefinition, MethodName, RequestOf, ResponseOf, ServiceDefinition } from "../codec.ts";
import type { Metadata } from "./envelope.ts";
import { lowerFirst } from "./method-name.ts";
import type { RawPayload } from "./raw-payload.ts";

/** Who is at the other end of a unix socket. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** What a handler knows about the call it serves. */
export interface CallContext {
  /** When the client gives up; never expires if the client set no timeout. */
  readonly deadline: Deadline;
  /** Fires when nobody waits for the answer any more: deadline over, connection gone, or server ended. */
  readonly signal: CancelSignal;
  readonly metadata: Metadata;
  /** Absent for connections that are not unix sockets. */
  readonly peer?: Peer;
  /** Calls `listener` once the call is over: its answer has been handed to the connection, or nobody waits for one. */
  onFinished(listener: () => void): void;
}

/**
 * Serves a unary method. A thrown KataError becomes the call's status, with its parts; other errors become `internal`,
 * or the code their errno stands for. Bytes in the request are its own: the handler may keep them.
 */
export type UnaryHandler<Req, Res> = (
  request: Req,
  context: CallContext,
) => Promise<Res | RawPayload> | Res | RawPayload;

/** Serves a method that answers with a stream: messages are taken one by one, as fast as the client reads them. */
export type StreamHandler<Req, Res> = (request: Req, context: CallContext) => AsyncIterable<Res | RawPayload>;

/**
 * Handlers of a service, by method name with the first letter in lower case: an object or an instance of a class. A method
 * without a handler answers `unimplemented`.
 */
export type ServiceHandlers<S extends ServiceDefinition> = {
  // From the handler's name to the method's, not the other way round: so the compiler can type a handler's parameters.
  readonly [N in Uncapitalize<MethodName<S>>]?: Capitalize<N> extends MethodName<S> ? Handler<S, Capitalize<N>> : never;
};

type Handler<S extends ServiceDefinition, M extends MethodName<S>> = S["methods"][M] extends {
  readonly stream: "server";
}
  ? StreamHandler<RequestOf<S, M>, ResponseOf<S, M>>
  : UnaryHandler<RequestOf<S, M>, ResponseOf<S, M>>;

/** A method ready to be called. */
export interface BoundMethod {
  readonly path: string;
  readonly definition: MethodDefinition;
  readonly handler: (request: unknown, context: CallContext) => unknown;
}

/** Services by wire name. */
export type ServiceTable = Map<string, BoundService>;

/** A service's method table with its handlers. */
export class BoundService {
  private readonly service: ServiceDefinition;
  private readonly handlers: Readonly<Record<string, BoundMethod["handler"] | undefined>>;
  private readonly methods = new Map<string, BoundMethod>();

  constructor(service: ServiceDefinition, handlers: object) {
    this.service = service;
    // The mapped type pairs each handler with its method; looked up by name, that pairing is beyond the compiler.
    this.handlers = handlers as typeof this.handlers;
  }

  /** The method of a wire name, if it has a handler. Made when it is called first: most never are. */
  get(name: string): BoundMethod | undefined {
    return this.methods.get(name) ?? this.bind(name);
  }

  private bind(name: string): BoundMethod | undefined {
    const { service, handlers } = this;
    if (!Object.hasOwn(service.methods, name)) return undefined;
    const definition = service.methods[name] as MethodDefinition;
    const handler = handlers[lowerFirst(name)];
    if (handler === undefined) return undefined;
    const method = { path: `/${service.name}/${name}`, definition, handler: handler.bind(handlers) };
    this.methods.set(name, method);
    return method;
  }
}

import type {
  MethodDefinition,
  RequestOf,
  ResponseOf,
  ServiceDefinition,
  StreamMethodName,
  UnaryMethodName,
} from "../codec.ts";
import type { TtrpcClient } from "./client.ts";
import { methodNamed } from "./method-name.ts";
import { CallTarget, type RpcOptions } from "./pending-call.ts";
import { type RawPayload, toChunks } from "./raw-payload.ts";

/**
 * The methods of a service as functions, each by its wire name with the first letter in lower case. The request may be
 * given as `RawPayload`, encoded by the caller. Errors are described at `TtrpcClient`; a request that its codec refuses
 * rejects with the codec's error, or throws it where a stream is asked for.
 */
export type ServiceClient<S extends ServiceDefinition> = {
  readonly [M in UnaryMethodName<S> as Uncapitalize<M>]: (
    request: RequestOf<S, M> | RawPayload,
    options?: RpcOptions,
  ) => Promise<ResponseOf<S, M>>;
} & {
  readonly [M in StreamMethodName<S> as Uncapitalize<M>]: (
    request: RequestOf<S, M> | RawPayload,
    options?: RpcOptions,
  ) => AsyncIterableIterator<ResponseOf<S, M>>;
};

/** What makes calls: a connection, or something before it. */
export type Caller = Pick<TtrpcClient, "call" | "openStream">;

/**
 * Binds a service's method table to a connection. Several services can share one.
 *
 *     const agent = createClient(agentService, connection);
 *     await agent.startContainer({ containerId: "c1" }, { timeoutMs: 60_000 });
 */
export function createClient<S extends ServiceDefinition>(service: S, connection: Caller): ServiceClient<S> {
  // Functions are made when they are asked for: of a large service a program calls few.
  const get = (made: Record<string | symbol, unknown>, name: string | symbol) => {
    if (typeof name === "string" && made[name] === undefined) made[name] = bindMethod(service, name, connection);
    return made[name];
  };
  return new Proxy(Object.create(null), { get }) as ServiceClient<S>;
}

function bindMethod({ name: service, methods }: ServiceDefinition, name: string, connection: Caller): unknown {
  const method = methodNamed(methods, name);
  if (method === undefined) return undefined;
  const { request, response, stream } = methods[method] as MethodDefinition;
  const target = new CallTarget(service, method);
  const decode = (payload: Uint8Array) => response.decode(payload);
  return stream === "server"
    ? (message: unknown, options: RpcOptions = {}) =>
        connection.openStream(target, toChunks(request, message), options, decode)
    : async (message: unknown, options: RpcOptions = {}) =>
        connection.call(target, toChunks(request, message), options, decode);
}

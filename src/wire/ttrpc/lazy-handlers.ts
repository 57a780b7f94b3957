import { KataError } from "../../base/error.ts";
import type { ServiceDefinition } from "../codec.ts";
import type { CallContext, ServiceHandlers } from "./handlers.ts";
import { methodNamed } from "./method-name.ts";

type Handler = (request: unknown, context: CallContext) => unknown;

/**
 * Handlers for every unary method of a service that get the real ones when they are called: those of the first of `loads`
 * that has some. A method without a real one answers `unimplemented`, in the words that the server has for it.
 */
export function lazyHandlers<S extends ServiceDefinition>(
  service: S,
  ...loads: readonly (() => Promise<ServiceHandlers<S>>)[]
): ServiceHandlers<S> {
  const handlerOf = (name: string): Handler | undefined => {
    const method = methodNamed(service.methods, name);
    if (method === undefined) return undefined;
    return async (request, context) => {
      for (const load of loads) {
        // Looked up by name, the pairing of handler and method is beyond the compiler.
        const loaded = await load();
        const handler = (loaded as Readonly<Record<string, Handler | undefined>>)[name];
        if (handler !== undefined) return handler.call(loaded, request, context);
      }
      throw new KataError("unimplemented", `method ${method}`);
    };
  };
  // Each is made when it is asked for: a service has dozens, most of which nobody calls.
  const get = (_target: object, name: string | symbol) => (typeof name === "string" ? handlerOf(name) : undefined);
  return new Proxy({}, { get }) as ServiceHandlers<S>;
}

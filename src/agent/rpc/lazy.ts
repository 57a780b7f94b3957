import { KataError } from "../../base/error.ts";
import type { ServiceDefinition } from "../../wire/codec.ts";
import type { CallContext, ServiceHandlers } from "../../wire/ttrpc/handlers.ts";
import { lowerFirst } from "../../wire/ttrpc/method-name.ts";

type Handler = (request: unknown, context: CallContext) => unknown;

/**
 * Handlers for every method of a service that get the real ones when they are called. A method without a real one
 * answers `unimplemented`, in the words that the server has for it.
 */
export function lazyRpcs<S extends ServiceDefinition>(
  service: S,
  load: () => Promise<ServiceHandlers<S>>,
): ServiceHandlers<S> {
  const handlers: Record<string, Handler> = {};
  for (const method of Object.keys(service.methods)) {
    const name = lowerFirst(method);
    handlers[name] = async (request, context) => {
      // Looked up by name, the pairing of handler and method is beyond the compiler.
      const handler = ((await load()) as Readonly<Record<string, Handler | undefined>>)[name];
      if (handler === undefined) throw new KataError("unimplemented", `method ${method}`);
      return handler(request, context);
    };
  }
  return handlers as ServiceHandlers<S>;
}

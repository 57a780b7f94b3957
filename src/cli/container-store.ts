import type { CommandContext } from "./context.ts";
import { ContainerStore } from "./state/store.ts";

/** The context's containers. */
export function containerStore(context: CommandContext): ContainerStore {
  const { logger, loop, paths, sys } = context;
  return new ContainerStore({ sys, clock: loop, logger, paths });
}

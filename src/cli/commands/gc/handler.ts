import { causeChain } from "../../../base/error.ts";
import { type Orphan, removeOrphan } from "../../../sandbox/orphans.ts";
import type { CommandContext } from "../../context.ts";

/** What became of an orphan. */
export interface Removal {
  readonly orphan: Orphan;
  /** Why it is still there; empty when it is gone. */
  readonly problems: readonly string[];
}

/** Removes orphans one after the other; a problem with one does not keep the others. */
export async function removeOrphans(
  { logger, loop, sys }: CommandContext,
  orphans: readonly Orphan[],
): Promise<Removal[]> {
  const removals: Removal[] = [];
  for (const orphan of orphans) {
    const errors = await removeOrphan({ sys, clock: loop, logger }, orphan);
    removals.push({ orphan, problems: errors.map((error) => causeChain(error).join(": ")) });
  }
  return removals;
}

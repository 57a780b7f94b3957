import type { Findings, Orphan } from "../../../sandbox/orphans.ts";
import { renderTable } from "../../output/table.ts";
import type { Removal } from "./handler.ts";

/** Orphans as scripts see them. The shape is a contract; fields are only ever added. */
interface OrphanRow extends Orphan {
  readonly removed: boolean;
  readonly problems: readonly string[];
}

/** What there is to remove, and how. */
export function renderFindings(
  { orphans, spared }: Findings,
  view: { readonly json: boolean; readonly program: string },
): string {
  if (view.json) {
    return json({ orphans: orphans.map((orphan): OrphanRow => ({ ...orphan, removed: false, problems: [] })), spared });
  }
  if (orphans.length === 0) return "There are no orphans.\n";
  const rows = orphans.map(({ kind, path, sandboxId, why }) => [kind, sandboxId.slice(0, 12), path, why]);
  const table = renderTable(["KIND", "SANDBOX", "PATH", "WHY"], rows);
  return `${table}\n${orphans.length === 1 ? "Remove it" : "Remove them"} with: ${view.program} gc --remove\n`;
}

/** What was removed, and what was not. */
export function renderRemoval(removals: readonly Removal[], asJson: boolean): string {
  if (asJson) {
    return json({
      orphans: removals.map(
        ({ orphan, problems }): OrphanRow => ({ ...orphan, removed: problems.length === 0, problems }),
      ),
    });
  }
  if (removals.length === 0) return "There are no orphans.\n";
  return removals
    .map(({ orphan, problems }) =>
      problems.length === 0 ? `Removed: ${orphan.path}\n` : `Not removed: ${orphan.path}: ${problems.join("; ")}\n`,
    )
    .join("");
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

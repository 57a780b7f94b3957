import type { Setting } from "../../../../config/settings.ts";
import { printable, type Style } from "../../../output/style.ts";
import { originText, writtenValue } from "../examine.ts";
import type { Difference, DiffSide } from "./handler.ts";

/** Differences with their origins, the left side's value behind `-`, the right one's behind `+`; nothing when there are none. */
export function renderDifferences(
  found: readonly Difference[],
  { left, right }: { readonly left: DiffSide; readonly right: DiffSide },
  style: Style,
): string {
  if (found.length === 0) return "";
  const lines = [`--- ${printable(left.name)}`, `+++ ${printable(right.name)}`];
  for (const difference of found) {
    const sides = [difference.left, difference.right].map((setting) =>
      setting === undefined ? "" : writtenValue(setting),
    );
    const column = Math.min(90, Math.max(...sides.map((text) => text.length)));
    const side = (sign: string, setting: Setting | undefined) =>
      setting === undefined
        ? `${sign} no such key`
        : `${sign} ${writtenValue(setting).padEnd(column)}  # ${printable(originText(setting.origin))}`;
    lines.push(
      style.heading(difference.key),
      style.error(side("  -", difference.left)),
      style.good(side("  +", difference.right)),
    );
  }
  return `${lines.join("\n")}\n`;
}

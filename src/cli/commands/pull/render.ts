import { formatSize } from "../../../base/units.ts";
import type { ImageRecord } from "../../../image/record.ts";
import { familiarName } from "../../../image/reference.ts";
import { imageRow } from "../images/render.ts";

/** The pulled image as one line, its id alone, or JSON. */
export function renderPulled(record: ImageRecord, how: { readonly json: boolean; readonly quiet: boolean }): string {
  if (how.json) return `${JSON.stringify(imageRow(record))}\n`;
  if (how.quiet) return `${record.id}\n`;
  return `${familiarName(record.name)} (${record.id.slice(7, 19)}, ${formatSize(record.size)})\n`;
}

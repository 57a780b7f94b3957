import { formatSize } from "../../../base/units.ts";
import type { ImageRecord } from "../../../image/record.ts";
import { familiarName } from "../../../image/reference.ts";
import { renderTable } from "../../output/table.ts";
import { fillTemplate, type OutputFormat } from "../../output/template.ts";
import { formatSpan } from "../../output/units.ts";

/** An image as scripts see it. The shape is a contract; fields are only ever added. */
export interface ImageRow {
  readonly name: string;
  readonly id: string;
  readonly digest: string;
  /** Bytes of the compressed layers. */
  readonly size: number;
  /** RFC 3339; null when the image does not say. */
  readonly created: string | null;
  readonly pulled: string;
  readonly origin: string;
}

/** How to show images. */
export interface ImagesView {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  readonly noTrunc: boolean;
  readonly nowMs: number;
}

/** The row of an image. */
export function imageRow(record: ImageRecord): ImageRow {
  return {
    name: familiarName(record.name),
    id: record.id,
    digest: record.digest,
    size: record.size,
    created: record.createdMs === undefined ? null : new Date(record.createdMs).toISOString(),
    pulled: new Date(record.pulledMs).toISOString(),
    origin: record.origin,
  };
}

/** Images, last pulled first. */
export function renderImages(records: readonly ImageRecord[], view: ImagesView): string {
  const { format, nowMs } = view;
  const sorted = [...records].sort((a, b) => b.pulledMs - a.pulledMs);
  const shortId = (id: string) => (view.noTrunc ? id : id.slice(7, 19));
  if (view.quiet) return [...new Set(sorted.map(({ id }) => `${shortId(id)}\n`))].join("");
  if (format.kind === "json") return `${JSON.stringify(sorted.map(imageRow), undefined, 2)}\n`;
  if (format.kind === "template")
    return sorted.map((record) => `${fillTemplate(format.text, imageRow(record))}\n`).join("");
  return renderTable(
    ["NAME", "IMAGE ID", "CREATED", "SIZE"],
    sorted.map((record) => [
      familiarName(record.name),
      shortId(record.id),
      record.createdMs === undefined ? "-" : `${formatSpan(nowMs - record.createdMs)} ago`,
      formatSize(record.size),
    ]),
  );
}

import { renderTable } from "../../output/table.ts";
import { fillTemplate, type OutputFormat } from "../../output/template.ts";
import { formatSpan } from "../../output/units.ts";
import { sourceName } from "../../state/record.ts";
import { containerRow, type ListedContainer, statusText } from "./view.ts";

const commandWidth = 24;

/** How to show containers. */
export interface PsView {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  readonly noTrunc: boolean;
  readonly nowMs: number;
}

/** Containers as ids, rows of a table, JSON, or what a template makes of each. */
export function renderContainers(containers: readonly ListedContainer[], view: PsView): string {
  const { format, noTrunc, nowMs } = view;
  const shortId = (id: string) => (noTrunc ? id : id.slice(0, 12));
  if (view.quiet) return containers.map(({ record }) => `${shortId(record.id)}\n`).join("");
  if (format.kind === "json") return `${JSON.stringify(containers.map(containerRow), undefined, 2)}\n`;
  if (format.kind === "template") {
    return containers.map((listed) => `${fillTemplate(format.text, containerRow(listed))}\n`).join("");
  }
  return renderTable(
    ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAME"],
    containers.map((listed) => {
      const { command, createdMs, id, name, rootfs } = listed.record;
      return [
        shortId(id),
        sourceName(rootfs),
        shortCommand(command, noTrunc),
        `${formatSpan(nowMs - createdMs)} ago`,
        statusText(listed, nowMs),
        name,
      ];
    }),
  );
}

function shortCommand(command: readonly string[], whole: boolean): string {
  const text = command.join(" ").replace(/\s+/g, " ");
  return `"${whole || text.length <= commandWidth ? text : `${text.slice(0, commandWidth - 3)}...`}"`;
}

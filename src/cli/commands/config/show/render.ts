import { settingJson } from "../../../../config/render/value.ts";
import type { Origin, Setting } from "../../../../config/settings.ts";
import { printTomlKey } from "../../../../config/toml/print.ts";
import { printable } from "../../../output/style.ts";
import { originText, writtenValue } from "../examine.ts";

/** How to show settings. */
export interface ShowView {
  /** The files that were read, main file first. */
  readonly files: readonly string[];
  /** Whether each value tells where it comes from. */
  readonly origin: boolean;
}

/** Comments stand in one column, unless a value is longer than this. */
const widest = 52;

/** Settings as a TOML file, with their origins as comments. */
export function renderSettings(settings: readonly Setting[], { files, origin }: ShowView): string {
  const rows = settings.map((setting) => {
    const at = setting.path.lastIndexOf(".");
    const name = printTomlKey(setting.path.slice(at + 1));
    const line = setting.value === undefined ? `# ${name} is unset` : `${name} = ${writtenValue(setting)}`;
    return { table: setting.path.slice(0, at), line, comment: originText(setting.origin) };
  });
  const fitting = rows.map(({ line }) => line.length).filter((length) => length <= widest);
  const column = Math.max(0, ...fitting);
  const lines = files.map((file, index) => `# ${index === 0 ? "" : "then "}${printable(file)}`);
  let table: string | undefined;
  for (const row of rows) {
    if (row.table !== table) lines.push("", `[${row.table}]`);
    table = row.table;
    lines.push(origin ? `${row.line.padEnd(column)}  # ${printable(row.comment)}` : row.line);
  }
  return `${lines.join("\n")}\n`;
}

/** One setting as scripts read it. The shape is a contract; fields are only ever added. */
export interface SettingJson {
  readonly key: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** Settings for `--json`. */
export function settingsJson(settings: readonly Setting[]): SettingJson[] {
  return settings.map(({ path, value, origin }) => ({ key: path, value: settingJson(value), origin }));
}

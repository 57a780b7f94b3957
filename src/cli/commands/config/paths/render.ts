import { printable, type Style } from "../../../output/style.ts";
import type { ConfigurationPlaces } from "./handler.ts";

/** Where the configuration comes from, for people. */
export function renderPlaces(places: ConfigurationPlaces, style: Style): string {
  const { dropIns, environment, flag, notRead, searched, used } = places;
  const lines = [
    `--config        ${flag === null ? "not given" : printable(flag)}`,
    `KATA_CONF_FILE  ${environment === null ? "not set" : printable(environment)}`,
    "",
    style.heading(
      flag === null && environment === null ? "Looked for, best first:" : "Looked for when neither is given:",
    ),
    ...searched.map(({ path, exists }) => `  ${path}${exists ? "" : style.dim("  (missing)")}`),
    "",
    style.heading("Read, later ones win:"),
    ...(used === null ? ["  nothing"] : [used, ...dropIns].map((path) => `  ${printable(path)}`)),
  ];
  if (notRead.length > 0) {
    lines.push("", style.heading("Not read:"));
    for (const { path, reason } of notRead)
      lines.push(`  ${printable(path)}: ${printable(reason.replace(/^is not read: /, ""))}`);
  }
  return `${lines.join("\n")}\n`;
}

import { hypervisorDisplayName, hypervisorTypes } from "../hypervisor-type.ts";
import { catalog } from "../schema/catalog.ts";
import type { Key, Keys } from "../schema/key.ts";
import { retiredKeys, retiredTables } from "../schema/retired.ts";
import { factRows, keyFacts, pathText } from "./explain.ts";
import { otherPaths } from "./find-key.ts";

const introduction = `# Configuration reference

Every table and key of Kata's \`configuration.toml\`, and what kata-ts does with it. This page is made from the same description of the keys as the
checks, the shipped files and \`kata-ctl config explain KEY\`. [configuration.md](configuration.md) says where files are looked for and how they add up;
[annotations.md](annotations.md) how pods can change values.

"Not done" says what kata-ts leaves out: a key or value that has no effect is read and noted, and a sandbox starts without it; one that is not possible is
refused, because a sandbox without it would not be what its owner relies on.`;

/** The text of docs/configuration-reference.md. */
export function renderReference(): string {
  const parts = [introduction, hypervisorList()];
  for (const { path, about, keys } of catalog) {
    parts.push(`## [${pathText(path)}]\n\n${about}.`);
    for (const [name, key] of Object.entries(keys)) parts.push(keySection([...path, name], key));
  }
  parts.push(retiredSection());
  return `${parts.join("\n\n")}\n`;
}

function hypervisorList(): string {
  const names = hypervisorTypes.map((type) => `\`${type}\` (${hypervisorDisplayName(type)})`);
  return `\`NAME\` in \`[hypervisor.NAME]\` is one of ${names.join(", ")}.`;
}

function keySection(path: readonly string[], key: Key): string {
  const facts = keyFacts(path, key, otherPaths(path));
  const rows = factRows(key, facts, code).map(([label, text]) => `- ${label}: ${text}`);
  const inner = key.shape.kind === "tables" ? innerRows(key.shape.keys) : [];
  return [`### ${path.at(-1)}`, "", `${key.meaning}.`, "", ...rows, ...inner].join("\n");
}

function innerRows(keys: Keys): string[] {
  return Object.entries(keys).map(([name, key]) => `- ${code(name)} in each table: ${key.meaning}`);
}

function retiredSection(): string {
  const rows = [
    ...retiredTables.map(({ path, note }) => `- ${code(`[${pathText(path)}]`)} ${note}.`),
    ...retiredKeys.map(({ path, note }) => `- ${code(pathText(path))} ${note}.`),
  ];
  const about =
    "Files of older versions may have these; they are read without complaint, and noted by `kata-ctl config validate`.";
  return ["## Of older versions", "", about, "", ...rows].join("\n");
}

function code(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

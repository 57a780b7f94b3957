import { wrap } from "../../base/wrap.ts";
import type { Architecture } from "../architecture.ts";
import { type HypervisorType, hypervisorDisplayName } from "../hypervisor-type.ts";
import { keysFor } from "../schema/catalog.ts";
import { defaultOf, type Key } from "../schema/key.ts";
import { settingText } from "./value.ts";
import { allowedText, isUnused, limitTexts } from "./words.ts";

/** Files that only the installation knows. */
export interface InstalledFiles {
  readonly kernel: string;
  readonly initrd: string;
}

const columns = 118;

/**
 * The text of a configuration file for one hypervisor: every key that it has, with its meaning, what may be written and what
 * kata-ts does not do with it. Loading it gives the defaults, but for the paths and what we ship differently.
 */
export function renderConfigurationFile(hypervisor: HypervisorType, arch: Architecture, files: InstalledFiles): string {
  const lines = [
    ...comment(
      `Configuration of kata-ts for ${hypervisorDisplayName(hypervisor)}. A key that is left out, or commented out, has the default that it shows. A value that "is not possible" is refused: no sandbox starts with it. To change something, write it to config.d/NAME.toml beside this file: such files are read in the order of their names and win over this one. "kata-ctl config explain KEY" tells more about a key, "kata-ctl config validate" checks what you wrote.`,
    ),
  ];
  for (const { path, about, keys } of keysFor(hypervisor)) {
    const written = Object.entries(keys);
    if (written.length === 0) continue;
    lines.push("", ...comment(`${about}.`), `[${path.join(".")}]`);
    for (const [name, key] of written) {
      lines.push("", ...keyLines(name, key, { hypervisor, arch, files: new Map(Object.entries(files)) }));
    }
  }
  return `${lines.join("\n")}\n`;
}

function keyLines(
  name: string,
  key: Key,
  { hypervisor, arch, files }: { hypervisor: HypervisorType; arch: Architecture; files: ReadonlyMap<string, string> },
): string[] {
  const fallback = defaultOf(key, hypervisor, arch);
  const value = files.get(name) ?? key.shipped ?? fallback;
  const text = settingText(value);
  const fallbackText = settingText(fallback);
  const allowed = allowedText(key);
  const sentences = [
    key.meaning,
    ...(key.unit === undefined ? [] : [`Unit: ${key.unit}`]),
    ...(allowed === undefined ? [] : [`Allowed: ${allowed}`]),
    ...(text === fallbackText && value !== undefined ? [] : [`Default: ${fallbackText}`]),
  ];
  const line = value === undefined ? `${name} =` : `${name} = ${text}`;
  const active = text !== fallbackText || !(isUnused(key) || isEmpty(value));
  const paragraphs = [
    sentences.map((sentence) => `${sentence}.`).join(" "),
    ...limitTexts(key).map((text) => `${text}.`),
  ];
  return [...paragraphs.flatMap(comment), active ? line : `# ${line}`];
}

/** A value that says nothing: what its key is for is only wanted by those who set it. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

function comment(text: string): string[] {
  return wrap(text, columns).map((line) => `# ${line}`);
}

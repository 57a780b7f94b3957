import { aliases } from "./schema/aliases.ts";
import { catalog, keysOfTable } from "./schema/catalog.ts";

/** Tables that stand in no other. */
export const rootTables = ["hypervisor", "agent", "runtime", "factory"] as const;
/** Tables that hold tables only, with one of those. */
export const innerTables: ReadonlyMap<string, readonly string[]> = new Map([
  ["hypervisor", ["hypervisor", "*"]],
  ["agent", ["agent", "kata"]],
]);

/** Everything that a table may hold: keys, by all their names, and tables. */
export function namesIn(table: readonly string[]): string[] {
  const inside = (path: readonly string[]) =>
    path.length === table.length + 1 && table.every((part, index) => path[index] === "*" || path[index] === part);
  const paths = [...aliases.map(({ from }) => from), ...catalog.map(({ path }) => path)].filter(inside);
  return [...Object.keys(keysOfTable(table) ?? {}), ...paths.map((path) => path.at(-1) ?? "")];
}

/** The header of a table below another; undefined without a name. */
export function tableName(parent: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : headerOf([parent, name].filter((part) => part !== ""));
}

/** How a table is written; `*` stands for any hypervisor. */
export function headerOf(path: readonly string[]): string {
  return `[${path.map((part) => (part === "*" ? "NAME" : part)).join(".")}]`;
}

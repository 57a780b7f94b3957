import { cut } from "../../base/cut.ts";
import type { Key, KeyPart } from "./key.ts";
import { keyText } from "./key.ts";
import type { Mistakes } from "./mistake.ts";
import { type TomlEntry, TomlTable, type TomlValue } from "./value.ts";

/**
 * What made a table, because that decides what may still be added to it. `implied`: only headers of tables within it.
 * `header`: a header of its own. `dotted`: dotted keys. `inline`: braces, after which nothing is added.
 */
type Origin = "implied" | "header" | "dotted" | "inline";

/** A table that is being read. */
export class OpenTable extends TomlTable {
  declare readonly entries: Map<string, TomlEntry>;
  origin: Origin;

  constructor(origin: Origin) {
    super(new Map());
    this.origin = origin;
  }
}

/** Sets a key in the table whose header or braces it stands in. What is set already stays, and is a mistake. */
export function define(into: OpenTable, key: Key, value: TomlValue, valueAt: number, mistakes: Mistakes): void {
  const table = key.parents.length === 0 ? into : dottedTable(into, key, mistakes);
  if (table === undefined) return;
  const { name, at } = key.last;
  const found = table.get(name);
  if (found !== undefined) reportSet(key, found, firstOf(key).at, mistakes);
  else table.entries.set(name, { value, keyAt: at, valueAt });
}

/** The table that a dotted key's last part stands in. */
function dottedTable(into: OpenTable, key: Key, mistakes: Mistakes): OpenTable | undefined {
  let table = into;
  for (const part of key.parents) {
    const { name, at } = part;
    const found = table.get(name);
    const below = found === undefined ? new OpenTable("dotted") : found.value;
    if (!(below instanceof OpenTable) || below.origin === "header" || below.origin === "inline") {
      if (found !== undefined) reportSet(upTo(key, part), found, firstOf(key).at, mistakes);
      return undefined;
    }
    if (found === undefined) table.entries.set(name, { value: below, keyAt: at, valueAt: at });
    below.origin = "dotted";
    table = below;
  }
  return table;
}

/** Headers: the tables of a document. */
export class Tables {
  readonly root = new OpenTable("header");
  private readonly mistakes: Mistakes;
  /** Arrays that `[[name]]` made, and may add to. */
  private readonly tableArrays = new Set<TomlValue>();

  constructor(mistakes: Mistakes) {
    this.mistakes = mistakes;
  }

  /**
   * The table that `[key]` opens; `headerAt` is the offset of its bracket. A table that has a header already is a mistake, but
   * what follows belongs to it; where no table can be, what follows goes to a table that nobody sees.
   */
  table(key: Key, headerAt: number): OpenTable {
    const above = this.walk(key);
    if (above === undefined) return new OpenTable("header");
    const { name, at } = key.last;
    const found = above.get(name);
    if (found === undefined || (found.value instanceof OpenTable && found.value.origin === "implied")) {
      const table = found?.value instanceof OpenTable ? found.value : new OpenTable("header");
      table.origin = "header";
      above.entries.set(name, { value: table, keyAt: at, valueAt: headerAt });
      return table;
    }
    reportSet(key, found, headerAt, this.mistakes);
    const isOpen = found.value instanceof OpenTable && found.value.origin !== "inline";
    return isOpen ? (found.value as OpenTable) : new OpenTable("header");
  }

  /** The table that `[[key]]` adds to its array. */
  tableOfArray(key: Key, headerAt: number): OpenTable {
    const table = new OpenTable("header");
    const above = this.walk(key);
    if (above === undefined) return table;
    const { name, at } = key.last;
    const found = above.get(name);
    if (found === undefined) {
      const tables = [table];
      this.tableArrays.add(tables);
      above.entries.set(name, { value: tables, keyAt: at, valueAt: headerAt });
    } else if (this.tableArrays.has(found.value)) (found.value as TomlValue[]).push(table);
    else reportSet(key, found, headerAt, this.mistakes);
    return table;
  }

  /** The table that the last part of a header stands in. */
  private walk(key: Key): OpenTable | undefined {
    let table = this.root;
    for (const part of key.parents) {
      const { name, at } = part;
      const found = table.get(name);
      let below: TomlValue | undefined = found?.value;
      if (found === undefined) {
        below = new OpenTable("implied");
        table.entries.set(name, { value: below, keyAt: at, valueAt: at });
      } else if (this.tableArrays.has(found.value)) below = (found.value as readonly TomlValue[]).at(-1);
      if (!(below instanceof OpenTable) || below.origin === "inline") {
        if (found !== undefined) reportSet(upTo(key, part), found, at, this.mistakes);
        return undefined;
      }
      table = below;
    }
    return table;
  }
}

/** The beginning of a key that ends with one of its parents. */
function upTo({ parents }: Key, part: KeyPart): Key {
  return { parents: parents.slice(0, parents.indexOf(part)), last: part };
}

function firstOf({ parents, last }: Key): KeyPart {
  return parents[0] ?? last;
}

function reportSet(key: Key, { value, keyAt }: TomlEntry, at: number, mistakes: Mistakes): void {
  const isTable = value instanceof TomlTable;
  mistakes.add(
    at,
    `${cut(keyText(key), 40)} is already ${isTable ? "defined" : "set"} on line ${mistakes.lineAt(keyAt)}`,
  );
}

import { nearest } from "../base/nearest.ts";
import { type Document, placeIn } from "./document.ts";
import { type Finding, type FindingCode, type Severity, suggestion, valueText } from "./finding.ts";
import { type HypervisorType, hypervisorTypes, parseHypervisorType } from "./hypervisor-type.ts";
import { aliasOf } from "./schema/aliases.ts";
import { keysOfTable } from "./schema/catalog.ts";
import { accept, type Key } from "./schema/key.ts";
import { retiredKey, retiredTable } from "./schema/retired.ts";
import { type TomlEntry, TomlTable, type TomlValue } from "./toml/value.ts";

/** Something in a file; lines are counted when somebody asks. */
interface Located {
  readonly document: Document;
  /** Offset into the document's text. */
  readonly at: number;
}

/** A value that a file sets, accepted by its key. */
export interface Found extends Located {
  readonly value: unknown;
}

/** A hypervisor's table. */
export interface HypervisorTable extends Located {
  readonly type: HypervisorType;
}

/** What all files together say, by canonical paths. */
export interface Collected {
  /** The last file that sets a key decides. */
  readonly found: ReadonlyMap<string, Found>;
  /** Keys whose value was refused in some file: what is known of them is not what the author meant. */
  readonly broken: ReadonlySet<string>;
  /** In the order in which they were met; one a type and file. */
  readonly hypervisors: readonly HypervisorTable[];
  readonly findings: readonly Finding[];
}

/**
 * Goes through every table and key of the files: other spellings are turned into the canonical ones, values are checked
 * against their key, and whatever is unknown, retired or wrong is told, with the place where it stands.
 */
export function collect(documents: readonly Document[]): Collected {
  const collector = new Collector();
  for (const document of documents) collector.addDocument(document);
  return collector;
}

/** Where something was found, and under which name. */
interface Site {
  readonly path: readonly string[];
  readonly entry: TomlEntry;
}

class Collector implements Collected {
  readonly found = new Map<string, Found>();
  readonly broken = new Set<string>();
  readonly hypervisors: HypervisorTable[] = [];
  readonly findings: Finding[] = [];
  private document!: Document;
  /** Keys that the current file sets by their own name: other spellings do not override them. */
  private byOwnName = new Set<string>();

  addDocument(document: Document): void {
    this.document = document;
    this.byOwnName = new Set();
    for (const [name, entry] of document.table.entries) this.addRootTable(name, entry);
  }

  private addRootTable(name: string, entry: TomlEntry): void {
    const site = { path: [name], entry };
    if (name === "hypervisor") this.eachTable(site, (type, table) => this.addHypervisor(type, table));
    else if (name === "agent") this.eachTable(site, (agent, table) => this.addTable(["agent", agent], table));
    else this.addTable([name], entry);
  }

  /** The tables within a table that holds nothing else. */
  private eachTable(site: Site, add: (name: string, entry: TomlEntry) => void): void {
    const table = this.asTable(site);
    if (table === undefined) return;
    for (const [name, entry] of table.entries) add(name, entry);
  }

  private addHypervisor(name: string, entry: TomlEntry): void {
    let type: HypervisorType;
    try {
      type = parseHypervisorType(name);
    } catch {
      const meant = nearest(name.toLowerCase(), hypervisorTypes);
      const rule = `is not a hypervisor; known ones are ${hypervisorTypes.join(", ")}`;
      const did = meant === undefined ? {} : { suggestion: `[hypervisor.${meant}]` };
      this.tell("error", "unknown-hypervisor", { path: ["hypervisor", name], entry }, rule, did);
      return;
    }
    if (!(entry.value instanceof TomlTable)) {
      this.asTable({ path: ["hypervisor", name], entry });
      return;
    }
    this.hypervisors.push({ type, document: this.document, at: entry.keyAt });
    this.addTable(["hypervisor", type], entry);
  }

  /** `path` has the canonical names. */
  private addTable(path: readonly string[], entry: TomlEntry): void {
    const site = { path, entry };
    const retired = retiredTable(path);
    if (retired !== undefined) {
      this.tell("note", "retired", site, retired);
      return;
    }
    const keys = keysOfTable(path);
    if (keys === undefined) {
      const { names, show } = siblings(path);
      const meant = nearest(path.at(-1) ?? "", names);
      const did = meant === undefined ? {} : { suggestion: show(meant) };
      this.tell("warning", "unknown-table", site, "is not a known table and is ignored", did);
      return;
    }
    const table = this.asTable(site);
    if (table === undefined) return;
    for (const [name, inner] of table.entries) this.addEntry(path, name, inner, Object.keys(keys));
  }

  private addEntry(table: readonly string[], name: string, entry: TomlEntry, known: readonly string[]): void {
    const path = [...table, name];
    const site = { path, entry };
    const alias = aliasOf(path);
    if (alias !== undefined) {
      this.addAlias(site, alias.path, alias.convert, alias.note);
      return;
    }
    const key = keyAt(path);
    if (key !== undefined) {
      this.byOwnName.add(path.join("."));
      this.set(site, key, path, entry.value);
    } else if (keysOfTable(path) !== undefined || retiredTable(path) !== undefined) {
      this.addTable(path, entry);
    } else {
      this.addStranger(site, known);
    }
  }

  private addAlias(
    site: Site,
    to: readonly string[],
    convert: ((value: TomlValue) => TomlValue | undefined) | undefined,
    note: string | undefined,
  ): void {
    const key = keyAt(to);
    if (key === undefined) {
      // The alias of a table.
      this.addTable(to, site.entry);
      return;
    }
    const canonical = to.join(".");
    if (this.byOwnName.has(canonical)) {
      this.tell("note", "overridden", site, `is another name of ${canonical}, which is set as well and counts`);
      return;
    }
    if (note !== undefined) this.tell("note", "retired", site, note);
    const value = convert === undefined ? site.entry.value : convert(site.entry.value);
    if (value === undefined) this.refuse(site, key, to);
    else this.set(site, key, to, value);
  }

  private addStranger(site: Site, known: readonly string[]): void {
    const retired = retiredKey(site.path);
    if (retired !== undefined) {
      this.tell("note", "retired", site, retired);
      return;
    }
    const meant = nearest(site.path.at(-1) ?? "", known);
    const did = meant === undefined ? {} : { suggestion: meant };
    this.tell("warning", "unknown-key", site, "is not a known key and is ignored", did);
  }

  private set(site: Site, key: Key, path: readonly string[], raw: TomlValue): void {
    const value = accept(key, raw);
    if (value === undefined) this.refuse(site, key, path);
    else this.found.set(path.join("."), { value, document: this.document, at: site.entry.valueAt });
  }

  private refuse(site: Site, key: Key, path: readonly string[]): void {
    const { shape } = key;
    const got = site.entry.value;
    this.broken.add(path.join("."));
    const meant =
      shape.kind === "choice" && typeof got === "string"
        ? suggestion(
            got,
            [...shape.choices, ...Object.keys(shape.synonyms)].filter((word) => word !== ""),
          )
        : {};
    const quoted = meant.suggestion === undefined ? {} : { suggestion: JSON.stringify(meant.suggestion) };
    this.tell("error", "wrong-value", site, key.rule, { got: valueText(got), ...quoted });
  }

  private asTable(site: Site): TomlTable | undefined {
    const { value } = site.entry;
    if (value instanceof TomlTable) return value;
    this.tell("error", "wrong-value", site, "must be a table", { got: valueText(value) });
    return undefined;
  }

  private tell(
    severity: Severity,
    code: FindingCode,
    { path, entry }: Site,
    rule: string,
    more: { got?: string; suggestion?: string } = {},
  ): void {
    // What is said about a value points at the value, and else at the key.
    const place = placeIn(this.document, more.got === undefined ? entry.keyAt : entry.valueAt);
    this.findings.push({ severity, code, place, key: path.join("."), rule, ...more });
  }
}

function keyAt(path: readonly string[]): Key | undefined {
  const keys = keysOfTable(path.slice(0, -1));
  const name = path.at(-1) ?? "";
  return keys !== undefined && Object.hasOwn(keys, name) ? keys[name] : undefined;
}

function siblings(path: readonly string[]): { names: readonly string[]; show: (name: string) => string } {
  if (path[0] === "agent") return { names: ["kata"], show: (name) => `[agent.${name}]` };
  return { names: ["hypervisor", "agent", "runtime", "factory"], show: (name) => `[${name}]` };
}

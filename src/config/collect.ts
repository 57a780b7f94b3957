import { nearest } from "../base/nearest.ts";
import type { Document } from "./document.ts";
import { type Finding, type FindingCode, type Severity, valueText } from "./finding.ts";
import { FindingsInFiles, type Remark } from "./findings-in-files.ts";
import { type HypervisorType, hypervisorTypes, hypervisorTypesByName } from "./hypervisor-type.ts";
import { meantValue } from "./meant-value.ts";
import { preciseRule } from "./precise-rule.ts";
import { accept } from "./schema/accept.ts";
import { aliasOf } from "./schema/aliases.ts";
import { allKeys, catalog, keysOfTable } from "./schema/catalog.ts";
import type { Key, Keys } from "./schema/key.ts";
import { retiredKey, retiredTable } from "./schema/retired.ts";
import { headerOf, innerTables, namesIn, rootTables, tableName } from "./table-names.ts";
import { type TomlEntry, TomlTable, type TomlValue } from "./toml/value.ts";

/** Something in a file; lines are counted when somebody asks. */
interface Located {
  readonly document: Document;
  /** Offset into the document's text. */
  readonly at: number;
}

/** A value that a file sets, accepted by its key. */
export interface Found extends Located {
  readonly key: Key;
  readonly value: unknown;
}

/** A hypervisor's table. */
export interface HypervisorTable extends Located {
  readonly type: HypervisorType;
}

/** What all files together say, by canonical paths. */
export interface Collected {
  /** The last file that sets a key decides. Without what only counts for one hypervisor; see `foundFor`. */
  readonly found: ReadonlyMap<string, Found>;
  /**
   * Keys of which is not known what the author meant: those whose value was refused in some file; all that nobody sets, if
   * part of a file could not be read.
   */
  readonly broken: ReadonlySet<string>;
  /** In the order in which they were met; one a type and file. */
  readonly hypervisors: readonly HypervisorTable[];
  readonly findings: readonly Finding[];
  /** What counts when this hypervisor does: a table of its own, `[hypervisor.NAME.factory]`, stands for a common one. */
  foundFor(type: HypervisorType): ReadonlyMap<string, Found>;
}

/**
 * Goes through every table and key of the files: other spellings are turned into the canonical ones, values are checked
 * against their key, and whatever is unknown, retired or wrong is told, with the place where it stands.
 */
export function collect(documents: readonly Document[]): Collected {
  const collector = new Collector();
  for (const document of documents) collector.addDocument(document);
  collector.finish();
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
  /** What stands below a hypervisor's table for a common one, by hypervisor and canonical path. */
  private readonly scoped = new Map<HypervisorType, Map<string, Found>>();
  private readonly told = new FindingsInFiles();
  private document!: Document;
  private readonly documents: Document[] = [];
  /** Keys that the current file sets by their own name: other spellings do not override them. */
  private byOwnName = new Set<string>();
  /** The hypervisor for which alone what is being read counts. */
  private scope: HypervisorType | undefined;
  /** Other spellings in the current file. */
  private aliases: (() => void)[] = [];
  /** Something could not be read that may have set any key. */
  private incomplete = false;

  get findings(): readonly Finding[] {
    return this.told.list();
  }

  addDocument(document: Document): void {
    this.document = document;
    this.documents.push(document);
    this.byOwnName = new Set();
    this.aliases = [];
    this.incomplete ||= document.incomplete === true;
    this.told.begin(document);
    for (const [name, entry] of document.table.entries) this.addRootTable(name, entry);
    for (const add of this.aliases) add();
  }

  foundFor(type: HypervisorType): ReadonlyMap<string, Found> {
    const own = this.scoped.get(type);
    if (own === undefined) return this.found;
    const all = new Map(this.found);
    for (const [path, found] of own) {
      const common = all.get(path);
      // Within one file the common table's own name has won already.
      if (common === undefined || this.documents.indexOf(common.document) < this.documents.indexOf(found.document)) {
        all.set(path, found);
      }
    }
    return all;
  }

  /** Nothing is known of keys that nobody sets, if something could not be read. */
  finish(): void {
    if (!this.incomplete) return;
    for (const type of hypervisorTypes) {
      for (const [path] of allKeys()) {
        const key = path.map((part) => (part === "*" ? type : part)).join(".");
        if (!this.found.has(key)) this.broken.add(key);
      }
    }
  }

  private addRootTable(name: string, entry: TomlEntry): void {
    const site = { path: [name], entry };
    if (name === "hypervisor") this.eachTable(site, (inner, table) => this.addHypervisor(inner, table));
    else if (name === "agent") this.eachTable(site, (inner, table) => this.addAgent(inner, table));
    else this.addTable([name], entry);
  }

  /** The tables within a table that holds nothing else. */
  private eachTable(site: Site, add: (name: string, entry: TomlEntry) => void): void {
    const table = this.asTable(site);
    if (table === undefined) return;
    for (const [name, entry] of table.entries) add(name, entry);
  }

  private addHypervisor(name: string, entry: TomlEntry): void {
    const site = { path: ["hypervisor", name], entry };
    const type = hypervisorTypesByName.get(name);
    if (type === undefined && this.isStray(site, "[hypervisor.NAME]")) return;
    if (type === undefined) {
      this.incomplete = true;
      const meant = () => tableName("hypervisor", nearest(name.slice(0, 64).toLowerCase(), hypervisorTypes));
      const rule = `is not a hypervisor; known ones are ${hypervisorTypes.join(", ")}`;
      this.tell("error", "unknown-hypervisor", site, rule, { meant });
      return;
    }
    if (this.asTable(site) === undefined) return;
    if (this.hypervisors.some((other) => other.type === type && other.document === this.document)) {
      const rule = `is the hypervisor ${type}, which has a table in this file already; write one table`;
      this.tell("error", "conflict", site, rule);
    }
    this.hypervisors.push({ type, document: this.document, at: entry.keyAt });
    this.addTable(["hypervisor", type], entry);
  }

  private addAgent(name: string, entry: TomlEntry): void {
    const site = { path: ["agent", name], entry };
    if (name === "kata" || !this.isStray(site, "[agent.kata]")) this.addTable(site.path, entry);
  }

  /** Tells of a value where only tables stand. */
  private isStray(site: Site, table: string): boolean {
    if (site.entry.value instanceof TomlTable) return false;
    this.incomplete = true;
    const rule = `must not stand directly below [${site.path[0]}], but below ${table}`;
    this.tell("error", "wrong-value", site, rule);
    return true;
  }

  /** `path` has the canonical names, `written` those that the file has. */
  private addTable(path: readonly string[], entry: TomlEntry, written = path): void {
    const site = { path: written, entry };
    const retired = retiredTable(path);
    if (retired !== undefined) {
      this.tell("note", "retired", site, retired);
      return;
    }
    const keys = keysOfTable(path);
    if (keys === undefined) {
      this.addUnknownTable(site);
      return;
    }
    const table = this.asTable(site);
    if (table === undefined) return;
    for (const [name, inner] of table.entries) {
      const inside = [...path, name];
      this.addEntry(inside, { path: written === path ? inside : [...written, name], entry: inner }, keys);
    }
  }

  private addUnknownTable(site: Site): void {
    const name = (site.path.at(-1) ?? "").slice(0, 64);
    if (site.path.length === 1 && !(site.entry.value instanceof TomlTable)) {
      const home = catalog.find(({ keys }) => Object.hasOwn(keys, name));
      const where = home === undefined ? "" : `; it belongs below ${headerOf(home.path)}`;
      this.tell("warning", "unknown-key", site, `stands before the first table and is ignored${where}`);
      return;
    }
    const meant = () =>
      site.path[0] === "agent" ? tableName("agent", nearest(name, ["kata"])) : tableName("", nearest(name, rootTables));
    this.tell("warning", "unknown-table", site, "is not a known table and is ignored", { meant });
  }

  private addEntry(path: readonly string[], site: Site, keys: Keys): void {
    const { entry } = site;
    const alias = aliasOf(path);
    if (alias !== undefined) {
      this.aliases.push(() => this.addAlias(site, alias));
      return;
    }
    const key = ownKey(keys, path);
    if (key !== undefined) {
      const canonical = path.join(".");
      if (site.path !== path && this.isOverridden(site, canonical)) return;
      this.byOwnName.add(canonical);
      this.set(site, key, path, entry.value);
    } else if (keysOfTable(path) !== undefined || retiredTable(path) !== undefined) {
      this.addTable(path, entry, site.path === path ? path : site.path);
    } else {
      this.addStranger(site, path);
    }
  }

  private addAlias(site: Site, { path: to, convert, note }: NonNullable<ReturnType<typeof aliasOf>>): void {
    const key = keyAt(to);
    if (key === undefined) {
      // The alias of a table.
      this.scope = hypervisorTypes.find((type) => site.path[0] === "hypervisor" && site.path[1] === type);
      this.addTable(to, site.entry, site.path);
      this.scope = undefined;
      return;
    }
    if (this.isOverridden(site, to.join("."))) return;
    if (note !== undefined) this.tell("note", "retired", site, note);
    const value = convert === undefined ? site.entry.value : convert(site.entry.value);
    const rule = `stands for ${to.join(".")}${key.unit === undefined ? "" : ` in ${key.unit}`}, which ${key.rule}`;
    this.set(site, convert === undefined ? key : { ...key, rule }, to, value);
  }

  private isOverridden(site: Site, canonical: string): boolean {
    if (!this.byOwnName.has(canonical)) return false;
    this.tell("note", "overridden", site, `is another name of ${canonical}, which is set as well and counts`);
    return true;
  }

  private addStranger(site: Site, path: readonly string[]): void {
    const retired = retiredKey(path);
    if (retired !== undefined) {
      this.tell("note", "retired", site, retired);
      return;
    }
    const isTable = site.entry.value instanceof TomlTable;
    const code = isTable ? "unknown-table" : "unknown-key";
    const meant = () => nearest((path.at(-1) ?? "").slice(0, 64), namesIn(path.slice(0, -1)));
    this.tell("warning", code, site, `is not a known ${isTable ? "table" : "key"} and is ignored`, { meant });
  }

  private set(site: Site, key: Key, path: readonly string[], raw: TomlValue | undefined): void {
    const value = raw === undefined ? undefined : accept(key, raw);
    if (key.shape.kind === "tables" && this.addRows(site, key.shape.keys, path, raw)) return;
    // As upstream has it: an empty string where it is no value leaves the default.
    const found = this.scope === undefined ? this.found : this.foundOf(this.scope);
    if (value === undefined && raw === "") found.delete(path.join("."));
    else if (value === undefined) this.refuse(site, key, path);
    else found.set(path.join("."), { key, value, document: this.document, at: site.entry.valueAt });
  }

  private foundOf(type: HypervisorType): Map<string, Found> {
    const known = this.scoped.get(type) ?? new Map<string, Found>();
    this.scoped.set(type, known);
    return known;
  }

  /** Tells what is wrong within an array of tables; whether there was an error. */
  private addRows(site: Site, keys: Keys, path: readonly string[], raw: TomlValue | undefined): boolean {
    let wrong = false;
    for (const [index, row] of (Array.isArray(raw) ? (raw as readonly TomlValue[]) : []).entries()) {
      if (!(row instanceof TomlTable)) continue;
      for (const [name, entry] of row.entries) {
        const inner = { path: [...site.path.slice(0, -1), `${site.path.at(-1)}[${index}]`, name], entry };
        const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
        if (key === undefined) {
          const meant = () => nearest(name.slice(0, 64), Object.keys(keys));
          this.tell("warning", "unknown-key", inner, "is not a known key and is ignored", { meant });
        } else if (accept(key, entry.value) === undefined) {
          wrong = true;
          this.refuse(inner, key, path);
        }
      }
    }
    return wrong;
  }

  private refuse(site: Site, key: Key, path: readonly string[]): void {
    const got = site.entry.value;
    this.broken.add(path.join("."));
    const isOneTable = key.shape.kind === "tables" && got instanceof TomlTable;
    const meant = () => (isOneTable ? `[[${site.path.join(".")}]]` : meantValue(key, got));
    this.tell(
      "error",
      "wrong-value",
      site,
      preciseRule(key, got),
      key.secret === true ? {} : { got: valueText(got), meant },
    );
  }

  private asTable(site: Site): TomlTable | undefined {
    const { value } = site.entry;
    if (value instanceof TomlTable) return value;
    this.incomplete = true;
    const header = headerOf(innerTables.get(site.path.join(".")) ?? site.path);
    const isRows = Array.isArray(value) && value.length > 0 && value.every((row) => row instanceof TomlTable);
    const rule = isRows ? `must be one table, ${header}, not an array of tables` : `must be a table: ${header}`;
    this.tell("error", "wrong-value", site, rule, isRows ? {} : { got: valueText(value) });
    return undefined;
  }

  private tell(
    severity: Severity,
    code: FindingCode,
    { path, entry }: Site,
    rule: string,
    more: Pick<Remark, "got" | "meant"> = {},
  ): void {
    // What is said about a value points at the value, and else at the key.
    const at = more.got === undefined ? entry.keyAt : entry.valueAt;
    this.told.tell({ severity, code, path, at, rule, ...more });
  }
}

function keyAt(path: readonly string[]): Key | undefined {
  const keys = keysOfTable(path.slice(0, -1));
  return keys === undefined ? undefined : ownKey(keys, path);
}

function ownKey(keys: Keys, path: readonly string[]): Key | undefined {
  const name = path.at(-1) ?? "";
  return Object.hasOwn(keys, name) ? keys[name] : undefined;
}

/** What a TOML file can hold. Integers that a double cannot hold exactly come as bigint. */
export type TomlValue = string | number | bigint | boolean | TomlFloat | TomlDate | readonly TomlValue[] | TomlTable;

/** A number that was written as a float, so that `1.0` differs from `1`; also `nan` and the infinities. */
export class TomlFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A date or time: of no use in a configuration, kept as it was written. */
export class TomlDate {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * One `key = value`, with the offsets (UTF-16 units into the source) at which the key's last part and the value begin. A
 * table with a header of its own has its name there as key, and the header's first bracket as value; of an array of tables it
 * is the first header; a table that only other keys and headers imply has the first of its names for both.
 */
export interface TomlEntry {
  readonly value: TomlValue;
  readonly keyAt: number;
  readonly valueAt: number;
}

/** A table: a Map, so that names such as `__proto__` are nothing special; in the order of the file. */
export class TomlTable {
  readonly entries: ReadonlyMap<string, TomlEntry>;

  constructor(entries: ReadonlyMap<string, TomlEntry> = new Map()) {
    this.entries = entries;
  }

  get(key: string): TomlEntry | undefined {
    return this.entries.get(key);
  }

  keys(): IterableIterator<string> {
    return this.entries.keys();
  }

  get size(): number {
    return this.entries.size;
  }
}

import { LineIndex } from "./position.ts";

/** Something that TOML does not allow: an offset in UTF-16 units, and the rule. */
export interface TomlMistake {
  readonly at: number;
  readonly message: string;
}

/** More are of no help to anybody. */
const maxMistakes = 100;

/** Thrown when the end of a statement cannot be told, and parsing goes on elsewhere. */
export class SyntaxMistake extends Error implements TomlMistake {
  readonly at: number;
  /**
   * For a value of several lines: from here on the next line is searched that clearly is a statement. Undefined: where the
   * cursor stands.
   */
  readonly searchFrom: number | undefined;

  constructor(at: number, message: string, searchFrom?: number) {
    super(message);
    this.at = at;
    this.searchFrom = searchFrom;
  }
}

/** Thrown to end parsing: there are too many mistakes. */
export class TooManyMistakes extends Error {}

/** What has been found so far. */
export class Mistakes {
  private readonly source: string;
  private readonly found: TomlMistake[] = [];
  private lines: LineIndex | undefined;

  constructor(source: string) {
    this.source = source;
  }

  /** One place has one mistake: the first that was noticed. Throws TooManyMistakes when there are enough. */
  add(at: number, message: string): void {
    if (this.found.at(-1)?.at === at) return;
    this.found.push({ at, message });
    if (this.found.length > maxMistakes) throw new TooManyMistakes();
  }

  /** The line of an offset, for messages about another place. */
  lineAt(offset: number): number {
    this.lines ??= new LineIndex(this.source);
    return this.lines.lineAt(offset);
  }

  /** In the order of the file. */
  list(): readonly TomlMistake[] {
    const next = this.found[maxMistakes];
    const first = this.found.slice(0, maxMistakes).sort((a, b) => a.at - b.at);
    if (next === undefined) return first;
    return [
      ...first,
      { at: next.at, message: `There are more than ${maxMistakes} mistakes; the others are not listed` },
    ];
  }
}

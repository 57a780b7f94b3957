import { type Mistakes, SyntaxMistake } from "./mistake.ts";

const blanks = /[ \t]*/y;
const emptyText = /[ \t\r\n]*/y;

/** Tables, arrays and parts of dotted keys within each other, counted from the document. */
export const maxDepth = 64;

/** A place in the text. Carriage returns stand only before line feeds: withoutForbidden() has seen to it. */
export class Cursor {
  readonly source: string;
  readonly mistakes: Mistakes;
  at: number;

  constructor(source: string, mistakes: Mistakes, at: number) {
    this.source = source;
    this.mistakes = mistakes;
    this.at = at;
  }

  /** The UTF-16 unit here; NaN at the end. */
  unit(): number {
    return this.source.charCodeAt(this.at);
  }

  /** Whether a sticky pattern fits here. */
  fits(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.source);
  }

  /** Moves over what a sticky pattern fits, and tells whether it fits. */
  skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.source)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  /** Moves over one unit if it is this one. */
  skipUnit(expected: number): boolean {
    if (this.unit() !== expected) return false;
    this.at++;
    return true;
  }

  /** Moves over what a sticky pattern fits, and returns it. */
  take(pattern: RegExp): string {
    const start = this.at;
    return this.skip(pattern) ? this.source.slice(start, this.at) : "";
  }

  skipBlanks(): void {
    // Mostly there are none, and a comparison is faster than a pattern.
    if (this.unit() <= unit.space) this.skip(blanks);
  }

  /** Moves over white space, comments and ends of lines. */
  skipEmptyText(): void {
    if (this.unit() <= unit.space) this.skip(emptyText);
    while (this.unit() === unit.hash) {
      this.at = this.lineEnd();
      this.skip(emptyText);
    }
  }

  /** The offset of the line feed that ends this line, or the end of the text. */
  lineEnd(): number {
    const end = this.source.indexOf("\n", this.at);
    return end < 0 ? this.source.length : end;
  }

  atEnd(): boolean {
    return this.at >= this.source.length;
  }

  /** Whether nothing more stands on the line, but for a comment. */
  atLineEnd(): boolean {
    const next = this.unit();
    return next === unit.lineFeed || next === unit.hash || next === unit.carriageReturn || this.atEnd();
  }

  /** Whether nothing but white space stands before this place on its line. */
  isFirstOnLine(): boolean {
    let before = this.at - 1;
    while (this.source.charCodeAt(before) === unit.space || this.source.charCodeAt(before) === unit.tab) before--;
    return before < 0 || this.source.charCodeAt(before) === unit.lineFeed;
  }

  /** Throws SyntaxMistake. */
  checkDepth(depth: number, at: number): void {
    if (depth > maxDepth) throw new SyntaxMistake(at, `Tables and arrays nest at most ${maxDepth} deep`);
  }
}

/** UTF-16 units that mean something. */
export const unit = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  hash: 0x23,
  apostrophe: 0x27,
  comma: 0x2c,
  dot: 0x2e,
  equals: 0x3d,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

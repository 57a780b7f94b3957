/** A position in the TypeScript sources. */
export interface SourcePosition {
  readonly source: string;
  readonly line: number;
  /** The function's name there; undefined where it is the one that the engine knows. */
  readonly name: string | undefined;
}

/**
 * Where lines of a bundle come from, in a form small enough to ride in every binary. Written by tools/build/line-map.mjs.
 *
 * All numbers are LEB128 varints. First the count of sources, then for each its length and UTF-8 path. The same for names of
 * functions, of which the first is empty. Then the count of generated lines, then for each line a code: 0, no mapping; 1, one
 * segment at column 0 whose line is the previous segment's plus one, in the same source and function; n + 1, n segments
 * follow. A segment is: columns after the previous segment of this line, change of source index, of source line and of the
 * name's index (each zigzag). Lines are 1-based, columns 0-based.
 */
export class LineMap {
  private readonly bytes: Uint8Array;
  private readonly decodeText: (bytes: Uint8Array) => string;
  private at = 0;

  constructor(bytes: Uint8Array, decodeText: (bytes: Uint8Array) => string) {
    this.bytes = bytes;
    this.decodeText = decodeText;
  }

  /** Looks a 1-based line and column up; undefined when the map does not know, or is damaged. */
  lookUp(line: number, column: number): SourcePosition | undefined {
    try {
      return this.search(line, column);
    } catch (error) {
      // A stack without TypeScript lines is better than an error while an error is printed.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** Reads the map from its start: it is asked rarely. */
  private search(line: number, column: number): SourcePosition | undefined {
    this.at = 0;
    const sources = this.texts();
    const names = this.texts();
    const lines = this.number();
    let source = 0;
    let sourceLine = 0;
    let name = 0;
    const position = () => ({ source: sources[source] ?? "?", line: sourceLine, name: names[name] || undefined });
    for (let current = 1; current <= Math.min(line, lines); current++) {
      const code = this.number();
      let found: SourcePosition | undefined;
      if (code === 1) {
        sourceLine++;
        if (current === line) found = position();
      }
      let generatedColumn = 0;
      for (let segment = 1; segment < code; segment++) {
        generatedColumn += this.number();
        source += this.signed();
        sourceLine += this.signed();
        name += this.signed();
        if (current === line && generatedColumn < Math.max(column, 1)) found = position();
      }
      if (current === line) return found;
    }
    return undefined;
  }

  private texts(): string[] {
    const texts: string[] = [];
    for (let count = this.number(); count > 0; count--) {
      const length = this.number();
      texts.push(this.decodeText(this.bytes.subarray(this.at, this.at + length)));
      this.at += length;
    }
    return texts;
  }

  private number(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError("The line map ends early");
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }

  private signed(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

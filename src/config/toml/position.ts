/** A place in a text; both count from 1, columns in code points. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** The line and column of an offset in UTF-16 units. For many places of one text, a `LineIndex` is faster. */
export function positionAt(source: string, offset: number): TextPosition {
  return new LineIndex(source, offset).positionAt(offset);
}

/** Where the lines of a text begin. */
export class LineIndex {
  private readonly source: string;
  private readonly starts: number[] = [0];

  /** Knows the lines that begin at `limit` or before. */
  constructor(source: string, limit = source.length) {
    this.source = source;
    for (let at = source.indexOf("\n"); at >= 0 && at < limit; at = source.indexOf("\n", at + 1)) {
      this.starts.push(at + 1);
    }
  }

  lineAt(offset: number): number {
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  positionAt(offset: number): TextPosition {
    const line = this.lineAt(offset);
    const start = this.starts[line - 1] ?? 0;
    // A byte order mark is no part of the first line.
    const first = start === 0 && this.source.charCodeAt(0) === 0xfeff ? 1 : start;
    return { line, column: codePoints(this.source, first, offset) + 1 };
  }
}

function codePoints(source: string, start: number, end: number): number {
  let count = Math.max(0, end - start);
  for (let at = start; at < end - 1; at++) {
    const unit = source.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = source.charCodeAt(at + 1);
    if (next >= 0xdc00 && next <= 0xdfff) count--;
  }
  return count;
}

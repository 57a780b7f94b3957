import { utf8Decode } from "../../base/bytes.ts";

export interface LineRingOptions {
  /** Lines that are kept. */
  readonly lines: number;
  /** Characters of a line that are kept. */
  readonly lineLength?: number;
  /** Called with each complete line, made printable. */
  readonly onLine?: (line: string) => void;
}

// Bytes that are looked at of one chunk: of a flood only the end is worth keeping.
const maxChunkBytes = 64 * 1024;

/** The last lines of a byte stream that nobody vouches for: bounded in every direction, fit for a terminal and a log. */
export class LineRing {
  private readonly options: Required<Omit<LineRingOptions, "onLine">>;
  private readonly onLine: ((line: string) => void) | undefined;
  private readonly kept: string[] = [];
  private partial = "";

  constructor(options: LineRingOptions) {
    this.options = { lines: options.lines, lineLength: options.lineLength ?? 500 };
    this.onLine = options.onLine;
  }

  push(chunk: Uint8Array): void {
    const text = this.partial + utf8Decode(chunk.subarray(Math.max(0, chunk.length - maxChunkBytes)));
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    // A line without an end must not grow for ever; what was cut off is not missed.
    this.partial = last.slice(0, this.options.lineLength * 2);
    for (const line of lines) this.add(line);
  }

  /** The kept lines, oldest first, with the unfinished one at the end; empty ones are left out. */
  tail(): string[] {
    const last = this.clean(this.partial);
    return last === "" ? [...this.kept] : [...this.kept, last];
  }

  private add(raw: string): void {
    const line = this.clean(raw);
    if (line === "") return;
    this.kept.push(line);
    if (this.kept.length > this.options.lines) this.kept.shift();
    this.onLine?.(line);
  }

  private clean(raw: string): string {
    return printable(raw.slice(0, this.options.lineLength * 2))
      .trimEnd()
      .slice(0, this.options.lineLength);
  }
}

/** Text without escape sequences and control characters, so that showing it cannot steer a terminal. */
export function printable(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g, "")
      .replace(/\t/g, " ")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "")
  );
}

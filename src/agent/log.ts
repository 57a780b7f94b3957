import { utf8Encode } from "../base/bytes.ts";
import { causeChain, KataError } from "../base/error.ts";
import type { LogFields, LogLevel, LogRecord, LogSink } from "../base/logger.ts";

/** Upstream's level names, so that its log tools read our records. */
const levelNames: Readonly<Record<LogLevel, string>> = {
  trace: "TRCE",
  debug: "DEBG",
  info: "INFO",
  warn: "WARN",
  error: "ERRO",
};

/** A record as one JSON line in the form of upstream's agent: `msg`, `level`, `ts`, `name`, `source`, then the fields. */
export function formatJsonLine(record: LogRecord, context: { readonly version: string; readonly pid: number }): string {
  const line: Record<string, string> = {
    msg: record.message,
    level: levelNames[record.level],
    ts: new Date(record.wallMs).toISOString(),
    name: "kata-agent",
    source: "agent",
    version: context.version,
    pid: String(context.pid),
  };
  for (const [key, value] of Object.entries(record.fields)) {
    if (value !== undefined && !(key in line)) line[key] = fieldText(value);
  }
  return `${JSON.stringify(line)}\n`;
}

/** A record as a short console line: the level, the message, `key=value`. */
export function formatConsoleLine(record: LogRecord): string {
  let text = `kata-agent: ${record.level}: ${record.message}`;
  for (const [key, value] of Object.entries(record.fields)) {
    if (value !== undefined) text += ` ${key}=${fieldText(value)}`;
  }
  return `${text.replaceAll("\n", " ")}\n`;
}

function fieldText(value: NonNullable<LogFields[string]>): string {
  if (!(value instanceof Error)) return String(value);
  return (value instanceof KataError ? `${value.code}: ` : "") + causeChain(value).join(": ");
}

/**
 * Lines waiting for a reader of the log channel. Bounded: when the host does not read, the oldest lines go and their
 * number is reported by the next line that gets through.
 */
export class LogBuffer {
  private readonly limitBytes: number;
  private lines: Uint8Array[] = [];
  private bytes = 0;
  private dropped = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  push(line: string): void {
    const encoded = utf8Encode(line);
    this.lines.push(encoded);
    this.bytes += encoded.length;
    while (this.bytes > this.limitBytes && this.lines.length > 1) {
      this.bytes -= this.lines.shift()?.length ?? 0;
      this.dropped++;
    }
  }

  /** Takes everything that waits, oldest first. */
  take(): Uint8Array[] {
    const lines = this.lines;
    if (this.dropped > 0) {
      lines.unshift(utf8Encode(`{"msg":"log lines dropped","level":"WARN","count":"${this.dropped}"}\n`));
    }
    this.lines = [];
    this.bytes = 0;
    this.dropped = 0;
    return lines;
  }
}

/** Where the agent's records go. Attach the log channel's writer when a host reads it. */
export class AgentLog {
  private readonly context: { readonly version: string; readonly pid: number };
  private readonly console: (text: string) => void;
  private readonly verbose: boolean;
  private readonly buffer = new LogBuffer(256 * 1024);
  private writer: ((line: Uint8Array) => void) | undefined;

  /** Warnings and errors go to the console too; with `verbose` everything does, as long as nobody reads the channel. */
  constructor(
    deps: { readonly console: (text: string) => void },
    options: { version: string; pid: number; verbose: boolean },
  ) {
    this.console = deps.console;
    this.context = { version: options.version, pid: options.pid };
    this.verbose = options.verbose;
  }

  readonly sink: LogSink = (record) => {
    const bad = record.level === "warn" || record.level === "error";
    if (bad || (this.verbose && this.writer === undefined)) this.console(formatConsoleLine(record));
    this.buffer.push(formatJsonLine(record, this.context));
    this.flush();
  };

  /** Sends what was kept, then every new line. Returns the undo. */
  attach(writer: (line: Uint8Array) => void): () => void {
    this.writer = writer;
    this.flush();
    return () => {
      if (this.writer === writer) this.writer = undefined;
    };
  }

  private flush(): void {
    const { writer } = this;
    if (writer === undefined) return;
    for (const line of this.buffer.take()) writer(line);
  }
}

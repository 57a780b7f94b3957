import { causeChain, KataError } from "./error.ts";

/** Levels in rising order. `info` is a state change that an operator cares about. */
export const logLevels = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Values that may ride along with a message. Never secrets, environments or whole specs. */
export type LogFields = Readonly<Record<string, string | number | boolean | bigint | undefined | Error>>;

/** One record, handed to a sink. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly wallMs: number;
  readonly message: string;
  readonly fields: LogFields;
}

/** Where records go: a file, containerd's log FIFO, a test's array. */
export type LogSink = (record: LogRecord) => void;

/** A structured logger: constant messages, variable fields. */
export class Logger {
  private readonly sink: LogSink;
  private readonly wallMs: () => number;
  private readonly minimum: number;
  private readonly bound: LogFields;

  constructor(deps: { sink: LogSink; wallMs: () => number }, options: { level: LogLevel; fields?: LogFields }) {
    this.sink = deps.sink;
    this.wallMs = deps.wallMs;
    this.minimum = logLevels.indexOf(options.level);
    this.bound = options.fields ?? {};
  }

  /** A logger that adds `fields` to every record. */
  child(fields: LogFields): Logger {
    const level = logLevels[this.minimum] ?? "info";
    return new Logger({ sink: this.sink, wallMs: this.wallMs }, { level, fields: { ...this.bound, ...fields } });
  }

  /** Whether records of this level are kept; lets callers skip costly fields. */
  enabled(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= this.minimum;
  }

  trace(message: string, fields?: LogFields): void {
    this.log("trace", message, fields);
  }
  debug(message: string, fields?: LogFields): void {
    this.log("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.log("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.log("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.log("error", message, fields);
  }

  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    this.sink({ level, wallMs: this.wallMs(), message, fields: { ...this.bound, ...fields } });
  }
}

/**
 * A record as one logfmt line, the form of containerd's own log (logrus' text): `time="..." level=info msg="..." key=value`.
 * Texts are cut to `textLength` characters.
 */
export function formatLogfmt(record: LogRecord, textLength = Number.POSITIVE_INFINITY): string {
  const quote = (text: string) => quoted(text.length > textLength ? `${text.slice(0, textLength)}...` : text);
  const parts = [
    `time=${quoted(timestamp(record.wallMs))}`,
    `level=${record.level === "warn" ? "warning" : record.level}`,
    `msg=${quote(record.message)}`,
  ];
  for (const [key, value] of Object.entries(record.fields)) {
    if (value !== undefined) parts.push(`${key}=${quote(fieldText(value))}`);
  }
  return parts.join(" ");
}

function fieldText(value: NonNullable<LogFields[string]>): string {
  if (!(value instanceof Error)) return String(value);
  const code = value instanceof KataError ? `${value.code}: ` : "";
  return code + causeChain(value).join(": ");
}

/** RFC 3339 with nanoseconds, of which the clock knows the first six digits at most. */
function timestamp(wallMs: number): string {
  const micros = String(Math.floor((wallMs - Math.floor(wallMs)) * 1000)).padStart(3, "0");
  return new Date(wallMs).toISOString().replace("Z", `${micros}000Z`);
}

/** Quoted where logrus quotes; escaped so that neither a terminal nor a reader of lines is steered. */
function quoted(text: string): string {
  if (/^[\w./@^+-]+$/.test(text)) return text;
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

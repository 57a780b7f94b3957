import { cut } from "../../base/cut.ts";
import { parseSize } from "../../base/units.ts";
import { type SignalName, signals } from "../../sys/signals.ts";
import { UsageError } from "./usage-error.ts";

/** `KEY=VALUE`, split at the first `=`. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** Takes any text; for flags whose value is checked where it is used. */
export function anyText(text: string): string {
  return text;
}

/** `KEY=VALUE` or `KEY` (an empty value), for labels and annotations. */
export function parseKeyValue(text: string): KeyValue {
  const equals = text.indexOf("=");
  const key = equals < 0 ? text : text.slice(0, equals);
  if (key === "") throw new UsageError(`must be KEY=VALUE; got "${text}"`);
  return { key, value: equals < 0 ? "" : text.slice(equals + 1) };
}

/** An annotation. Unlike a label it needs its value: an empty one is hardly meant, and would change nothing. */
export function parseAnnotation(text: string): KeyValue {
  if (!text.includes("=")) throw new UsageError(`must be NAME=VALUE; got ${JSON.stringify(cut(text))}`);
  return parseKeyValue(text);
}

/** Bytes from `64m`, `1g`, `512MiB`, `1048576`. */
export function parseBytes(text: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    throw new UsageError(`must be a size such as 64m or 1g; got ${JSON.stringify(cut(text))}`, { cause: error });
  }
}

/** A positive number of CPUs, fractions allowed: `0.5`, `2`. */
export function parseCpus(text: string): number {
  const cpus = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(cpus >= 0.01)) throw new UsageError(`must be a number of CPUs such as 0.5 or 2, at least 0.01; got "${text}"`);
  return cpus;
}

/** A whole number within bounds. */
export function parseInteger(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      throw new UsageError(`must be a whole number from ${minimum} to ${maximum}; got "${text}"`);
    }
    return value;
  };
}

/** A signal by number, name or short name: `9`, `SIGKILL`, `kill`. */
export function parseSignal(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && number >= 1 && number <= 64) return number;
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  if (number === undefined && Object.hasOwn(signals, name)) return signals[name as SignalName];
  throw new UsageError(`must be a signal such as TERM, SIGKILL or 9; got "${text}"`);
}

/** A container's name: docker's rule, at most 64 characters. */
export function parseName(text: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/.test(text)) return text;
  throw new UsageError(
    `must be 1 to 64 letters, digits, "_", "." or "-", the first a letter or digit; got ${JSON.stringify(cut(text))}`,
  );
}

/** A hostname of at most 64 characters without odd bytes (sethostname(2), reliability of what ends in files). */
export function parseHostname(text: string): string {
  if (/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62}[a-zA-Z0-9])?$/.test(text)) return text;
  throw new UsageError(`must be 1 to 64 letters, digits, "." or "-"; got ${JSON.stringify(cut(text))}`);
}

/** `true` or `false`, for flags that need to be told. */
export function parseTrueFalse(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new UsageError(`must be true or false; got "${cut(text)}"`);
}

import { KataError } from "./error.ts";

// Both families of suffixes are powers of 1024, as docker's and Kata's flags have it; kB and MB stand for the decimal ones.
const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
};

const durationUnits: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Parses a size such as `512MiB`, `512m`, `2g`, `1.5GiB`, `100MB` or `4096` to whole bytes, rounded down. Suffixes of
 * one letter and those with `iB` are powers of 1024, `kB`, `MB`, `GB`, `TB` powers of 1000; case does not matter.
 * `field` names the input in the error. Throws KataError `invalid-argument`.
 */
export function parseSize(text: string, field = "size"): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(text);
  const unit = sizeUnits[(match?.[2] ?? "?").toLowerCase()];
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new KataError("invalid-argument", `Invalid ${field} ${JSON.stringify(text)}: not a size`, {
    field,
    hint: "Write a number with an optional unit, such as 512m, 512MiB, 2g or 100MB",
  });
}

/**
 * Parses a duration such as `30s`, `1m30s`, `250ms` or `1.5h` to milliseconds; a bare number counts seconds. `field`
 * names the input in the error. Throws KataError `invalid-argument`.
 */
export function parseDuration(text: string, field = "duration"): number {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000;
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(trimmed)) {
    let total = 0;
    for (const [, value, , unit] of trimmed.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
      total += Number(value) * (durationUnits[unit ?? ""] ?? Number.NaN);
    }
    if (Number.isFinite(total)) return total;
  }
  throw new KataError("invalid-argument", `Invalid ${field} ${JSON.stringify(text)}: not a duration`, {
    field,
    hint: "Write numbers with units, such as 250ms, 30s or 1m30s",
  });
}

const binaryNames = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes for people: `512 MiB`, `1.5 GiB`, `17 B`. At most one decimal. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < binaryNames.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 10) / 10} ${binaryNames[unit]}`;
}

/** Milliseconds for people: `35 ms`, `1.2 s`, `2m 5s`, `3h 20m`, `4d 1h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  return `${Math.floor(minutes / 1440)}d ${Math.floor((minutes % 1440) / 60)}h`;
}

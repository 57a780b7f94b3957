import { cut } from "../../base/cut.ts";
import { UsageError } from "../args/usage-error.ts";

/** A setting of `-e`: a value, or "take it from our own environment, if it is there". */
export type EnvironmentFlag = { readonly name: string; readonly value: string | undefined };

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Reads `NAME=value` or `NAME`. Throws UsageError. */
export function parseEnvironmentFlag(text: string): EnvironmentFlag {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === "" || text.includes("\0"))
    throw new UsageError(`must be NAME=value or NAME; got ${JSON.stringify(cut(text))}`);
  return { name, value: equals < 0 ? undefined : text.slice(equals + 1) };
}

/**
 * Reads an `--env-file`: one setting a line, `#` begins a comment line, no quotes, as docker reads it. `file` is named
 * in the UsageError that a bad line throws.
 */
export function parseEnvironmentFile(content: string, file: string): EnvironmentFlag[] {
  const flags: EnvironmentFlag[] = [];
  content.split("\n").forEach((raw, index) => {
    const line = raw.replace(/\r$/, "").replace(/^\s+/, "");
    if (line === "" || line.startsWith("#")) return;
    const name = line.split("=", 1)[0] ?? "";
    if (name === "" || /\s/.test(name)) {
      throw new UsageError(`File ${file}, line ${index + 1}: must be NAME=value; got ${JSON.stringify(cut(line))}`, {
        field: "--env-file",
      });
    }
    flags.push(parseEnvironmentFlag(line));
  });
  return flags;
}

/** What makes up a container's environment, weakest first. */
export interface EnvironmentParts {
  readonly image: readonly string[];
  readonly hostname: string;
  readonly home: string;
  readonly terminal: boolean;
  readonly flags: readonly EnvironmentFlag[];
  /** Our own environment, for flags without a value. */
  lookUp(name: string): string | undefined;
}

/** The container's environment: docker's defaults, the image's settings, then the user's. The order is stable. */
export function buildEnvironment(parts: EnvironmentParts): string[] {
  const values = new Map<string, string>([
    ["PATH", defaultPath],
    ["HOSTNAME", parts.hostname],
  ]);
  if (parts.terminal) values.set("TERM", "xterm");
  for (const entry of parts.image) {
    const equals = entry.indexOf("=");
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!values.has("HOME")) values.set("HOME", parts.home);
  const entries = [...values].map(([name, value]) => `${name}=${value}`);
  return mergeEnvironment(entries, parts.flags, parts.lookUp);
}

/** An environment with settings over it. A setting without a value that we do not have ourselves takes the name away. */
export function mergeEnvironment(
  base: readonly string[],
  flags: readonly EnvironmentFlag[],
  lookUp: (name: string) => string | undefined,
): string[] {
  const values = new Map(base.map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  for (const { name, value } of flags) {
    const chosen = value ?? lookUp(name);
    if (chosen === undefined) values.delete(name);
    else values.set(name, `${name}=${chosen}`);
  }
  return [...values.values()];
}

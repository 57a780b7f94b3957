import { KataError } from "../base/error.ts";
import { type LogLevel, logLevels } from "../base/logger.ts";

/** What kata-monitor is asked to do. */
export type MonitorArgs =
  | { readonly action: "help" | "version" }
  | { readonly action: "serve"; readonly host: string; readonly port: number; readonly level: LogLevel };

export const usageText = `Usage: kata-monitor [--listen-address HOST:PORT] [--log-level LEVEL]

Lists the sandboxes of this host and serves their metrics over HTTP:
  /metrics     Prometheus text: shim, hypervisor and virtiofsd of each sandbox; ?sandbox=ID for one
  /sandboxes   ids of the sandboxes, one a line

Options:
  --listen-address HOST:PORT   where to serve; HOST is an IP address (default 127.0.0.1:8090)
  --log-level LEVEL            ${logLevels.join(", ")} (default info)
  --version                    show the version
  --help                       show this text
`;

/** Reads a command line without the program's name. Throws KataError `invalid-argument`. */
export function parseMonitorArgs(argv: readonly string[]): MonitorArgs {
  let address = "127.0.0.1:8090";
  let level: LogLevel = "info";
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    const [, name, inline] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === "help" || name === "h") return { action: "help" };
    if (name === "version" || name === "v") return { action: "version" };
    if (name !== "listen-address" && name !== "log-level") throw usage(`Unknown argument ${JSON.stringify(word)}`);
    const value = inline ?? argv[++at];
    if (value === undefined) throw usage(`--${name} needs a value`);
    if (name === "listen-address") address = value;
    else level = parseLevel(value);
  }
  return { action: "serve", ...parseAddress(address), level };
}

function parseLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level === undefined)
    throw usage(`--log-level must be one of ${logLevels.join(", ")}; got ${JSON.stringify(text)}`);
  return level;
}

function parseAddress(text: string): { host: string; port: number } {
  const [, ipv6, ipv4, digits] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]*)):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw usage(`--listen-address must be IP:PORT, such as 127.0.0.1:8090 or [::1]:8090; got ${JSON.stringify(text)}`);
  }
  return { host: ipv6 ?? (ipv4 === "" ? "0.0.0.0" : (ipv4 ?? "")), port };
}

function usage(message: string): KataError {
  return new KataError("invalid-argument", message, { hint: "See kata-monitor --help" });
}

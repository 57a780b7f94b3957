import type { TomlValue } from "../toml/value.ts";
import { milliseconds } from "./milliseconds.ts";

/** Another spelling of a key, or of a table with all its keys. In paths, `*` stands for the hypervisor's name. */
export interface Alias {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Turns the value into one of the other key; undefined for a value of the wrong kind. */
  readonly convert?: (value: TomlValue) => TomlValue | undefined;
  /** Completes "PATH: ...", when people should know more than the other name. */
  readonly note?: string;
}

/** What the Go runtime allows an agent at least. */
const leastDialSeconds = 10;

function dialSeconds(value: TomlValue): TomlValue | undefined {
  const seconds = milliseconds(value);
  return seconds !== undefined && seconds >= 0 && seconds < leastDialSeconds ? leastDialSeconds : seconds;
}

const hypervisor = (from: string, to: string): Alias => ({
  from: ["hypervisor", "*", from],
  to: ["hypervisor", "*", to],
});

/** Names of the Rust runtime where it has its own, and names that keys had once. */
export const aliases: readonly Alias[] = [
  hypervisor("seccomp_sandbox", "seccompsandbox"),
  hypervisor("dbg_monitor_socket", "extra_monitor_socket"),
  hypervisor("hypervisor_socket", "remote_hypervisor_socket"),
  hypervisor("hypervisor_timeout", "remote_hypervisor_timeout"),
  hypervisor("enable_balloon_f_reporting", "reclaim_guest_freed_memory"),
  { from: ["hypervisor", "*", "factory"], to: ["factory"] },
  { from: ["agent", "kata", "mem_agent", "mem_agent_enable"], to: ["agent", "kata", "mem_agent", "enable"] },
  { from: ["agent", "kata", "create_container_timeout"], to: ["runtime", "create_container_timeout"] },
  { from: ["agent", "kata", "reconnect_timeout_ms"], to: ["agent", "kata", "dial_timeout"], convert: dialSeconds },
  { from: ["agent", "kata", "cdh_api_timeout_ms"], to: ["agent", "kata", "cdh_api_timeout"], convert: milliseconds },
  { from: ["runtime", "passfd_listener_port"], to: ["agent", "kata", "passfd_listener_port"] },
  { from: ["runtime", "static_resource_mgmt"], to: ["runtime", "static_sandbox_resource_mgmt"] },
];

const aliasesByName = new Map<string, Alias[]>();
for (const alias of aliases) {
  const name = alias.from.at(-1) ?? "";
  aliasesByName.set(name, [...(aliasesByName.get(name) ?? []), alias]);
}

/** What a path is another spelling of, in which the hypervisor's name is kept. */
export function aliasOf(
  path: readonly string[],
): (Omit<Alias, "from" | "to"> & { path: readonly string[] }) | undefined {
  const alias = aliasesByName
    .get(path.at(-1) ?? "")
    ?.find(({ from }) => from.length === path.length && from.every((part, at) => part === "*" || part === path[at]));
  if (alias === undefined) return undefined;
  const { from: _, to, ...rest } = alias;
  const name = path[1] ?? "";
  return { ...rest, path: to.map((part) => (part === "*" ? name : part)) };
}

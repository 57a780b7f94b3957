import { readFileSync } from "node:fs";
import path from "node:path";
import type { HypervisorType } from "../../src/config/hypervisor-type.ts";

/** What upstream Kata Containers says about its configuration. Values are TOML text, so that no digit of theirs is lost. */
export interface UpstreamConfig {
  /** `name` begins with the runtime's: `go/` or `runtime-rs/`. */
  readonly files: readonly { readonly name: string; readonly hypervisor: HypervisorType }[];
  readonly keys: readonly UpstreamKey[];
  /** Names of annotations: those of keys by runtime, and all others. */
  readonly annotations: Readonly<Record<"go" | "runtime-rs" | "other", readonly string[]>>;
}

export interface UpstreamKey {
  /** `hypervisor.*`, in which the asterisk stands for the hypervisor's name, or `hypervisor.*.guest_extension_images`. */
  readonly table: string;
  readonly key: string;
  /** Of an absent key; null: it is unset then. */
  readonly fallback: string | null;
  readonly allowed: readonly string[];
  readonly hypervisors: readonly HypervisorType[];
  readonly annotations: readonly string[];
  /** Values with the files that have them, as indices into `files`. */
  readonly shipped: Readonly<Record<string, readonly number[]>>;
}

const fixture = path.resolve(import.meta.dirname, "../fixtures/upstream-config.json");
/** In upstream's files, tables stand in this order; arrays of tables come last. */
const tableOrder = ["hypervisor.*", "hypervisor.*.factory", "factory", "agent.kata", "agent.kata.mem_agent", "runtime"];
const tableArray = "hypervisor.*.guest_extension_images";

/** The facts of `test/fixtures/upstream-config.json`. */
export function upstreamConfig(): UpstreamConfig {
  return JSON.parse(readFileSync(fixture, "utf8")) as UpstreamConfig;
}

/** Every configuration file that upstream ships, with its keys and values; comments are not upstream's. */
export function upstreamConfigFiles(): { readonly name: string; readonly text: string }[] {
  const upstream = upstreamConfig();
  return upstream.files.map(({ name, hypervisor }, index) => {
    const sections = [...tableOrder, tableArray].flatMap((table) => {
      const lines = upstream.keys.filter((key) => key.table === table).flatMap((key) => keyLines(key, index));
      const header = table.replace("*", hypervisor);
      return lines.length === 0 ? [] : [["", table === tableArray ? `[[${header}]]` : `[${header}]`, ...lines]];
    });
    return { name, text: [`# ${name} of Kata Containers`, ...sections.flat(), ""].join("\n") };
  });
}

function keyLines({ key, shipped }: UpstreamKey, file: number): string[] {
  return Object.entries(shipped)
    .filter(([, files]) => files.includes(file))
    .flatMap(([value]) => [`# ${key}:`, `# (default: ${value})`, `${key} = ${value}`, ""]);
}

import { nearest } from "../../base/nearest.ts";
import type { HypervisorType } from "../hypervisor-type.ts";
import type { Key } from "../schema/key.ts";
import { type Asset, assetOfHash, hashAnnotations } from "./asset-hash.ts";

/** With this begins every annotation that is for Kata. */
export const kataPrefix = "io.katacontainers.";
const configPrefix = `${kataPrefix}config.`;

/** Names that no pod may use, with the reason; a final dot stands for all names that begin so. */
const forbidden: readonly (readonly [name: string, why: string])[] = [
  ["io.katacontainers.config_path", "names the configuration file, which only the operator chooses"],
  ["io.katacontainers.pkg.oci.", "is set by the runtime, not by a pod"],
  ["io.katacontainers.config.runtime.sandbox_bind_mounts", "would show paths of the host to the guest"],
];

/** Annotations of a container rather than of its sandbox: `containerResources` reads them. */
const containerPrefix = `${kataPrefix}container.resource.`;
const containerNames = ["swappiness", "swap_in_bytes"].map((name) => `${containerPrefix}${name}`);

/** Kinds of hashes: upstream's runtimes use one name each. */
const hashTypeNames = [`${kataPrefix}asset_hash_type`, `${configPrefix}hypervisor.asset_hash_type`];

/** A key that can be set by annotations, with its canonical path. */
export interface KeyEntry {
  readonly path: readonly string[];
  readonly key: Key;
}

/** What an annotation is by its name alone. */
export type Meaning =
  | { readonly kind: "key"; readonly baseName: string; readonly entry: KeyEntry }
  | { readonly kind: "asset-hash"; readonly baseName: string; readonly asset: Asset }
  | { readonly kind: "hash-type" }
  /** Of a container, not of the sandbox. */
  | { readonly kind: "container" }
  | { readonly kind: "forbidden"; readonly why: string }
  /** A key that only the file sets. */
  | { readonly kind: "file-only"; readonly path: readonly string[] }
  /** `configuration`: it wants to set something, and nobody knows what. */
  | { readonly kind: "unknown"; readonly configuration: boolean };

/** Every name that a sandbox of one hypervisor knows; in the paths of keys, `*` stands for any hypervisor. */
export class AnnotationNames {
  private readonly entries = new Map<string, KeyEntry>();
  /** Keys without annotation, by the name that one would have. */
  private readonly fileOnly = new Map<string, readonly string[]>();
  /** The annotation of a key by the key's own name, which some annotations do not have. */
  private readonly byKeyName = new Map<string, string>();

  constructor(keys: Iterable<readonly [path: readonly string[], key: Key]>, hypervisor: HypervisorType) {
    for (const [written, key] of keys) {
      const path = written.map((part) => (part === "*" ? hypervisor : part));
      if (path[0] === "hypervisor" && path[1] !== hypervisor) continue;
      const keyName = path.at(-1) ?? "";
      const names = key.annotation?.names ?? [];
      for (const name of names) this.entries.set(name, { path, key });
      if (names[0] === undefined) this.fileOnly.set(`${configPrefix}${path[0] ?? ""}.${keyName}`, path);
      else if (!this.byKeyName.has(keyName)) this.byKeyName.set(keyName, names[0]);
    }
  }

  meaningOf(name: string): Meaning {
    const refused = forbidden.find(([start]) => (start.endsWith(".") ? name.startsWith(start) : name === start));
    if (refused !== undefined) return { kind: "forbidden", why: refused[1] };
    if (containerNames.includes(name)) return { kind: "container" };
    if (hashTypeNames.includes(name)) return { kind: "hash-type" };
    const entry = this.entries.get(name);
    if (entry !== undefined) return { kind: "key", baseName: baseNameOf(name), entry };
    const asset = assetOfHash(name);
    if (asset !== undefined) return { kind: "asset-hash", baseName: baseNameOf(name), asset };
    const path = this.fileOnly.get(name);
    if (path !== undefined) return { kind: "file-only", path };
    return { kind: "unknown", configuration: name.startsWith(configPrefix) };
  }

  /** The name that was probably meant. Costs more than looking up a name. */
  suggestionFor(name: string): string | undefined {
    const known = [...this.entries.keys(), ...hashAnnotations, ...containerNames, ...hashTypeNames];
    const baseName = baseNameOf(name);
    const sameKey = this.byKeyName.get(baseName) ?? known.find((one) => baseNameOf(one) === baseName);
    if (sameKey !== undefined) return sameKey;
    // The prefix, which all share, would make unlike names look alike.
    const meant = nearest(
      withoutPrefix(name),
      known.map((one) => withoutPrefix(one)),
    );
    return known.find((one) => withoutPrefix(one) === meant);
  }
}

/** What `enable_annotations` is about, as upstream: what stands behind the section, with its dots if it has any. */
function baseNameOf(name: string): string {
  const rest = withoutPrefix(name);
  return rest.slice(rest.indexOf(".") + 1);
}

function withoutPrefix(name: string): string {
  return name.slice((name.startsWith(configPrefix) ? configPrefix : kataPrefix).length);
}

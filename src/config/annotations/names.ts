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
];

/** Annotations of a container rather than of its sandbox: `containerResources` reads them. */
const containerPrefix = `${kataPrefix}container.resource.`;
const containerNames = ["swappiness", "swap_in_bytes"].map((name) => `${containerPrefix}${name}`);

/** Kinds of hashes: upstream's runtimes use one name each. */
const hashTypeNames = [`${kataPrefix}asset_hash_type`, `${configPrefix}hypervisor.asset_hash_type`];

/** Keys with their canonical paths. */
export type Keys = readonly (readonly [path: readonly string[], key: Key])[];

/** A key that can be set by annotations. */
export interface KeyEntry {
  /** With the hypervisor's name. */
  readonly path: readonly string[];
  readonly key: Key;
}

/** What an annotation is by its name alone. */
export type Meaning =
  | ({ readonly kind: "key"; readonly baseName: string } & KeyEntry)
  | { readonly kind: "asset-hash"; readonly baseName: string; readonly asset: Asset }
  | { readonly kind: "hash-type" }
  /** Of a container, not of the sandbox. */
  | { readonly kind: "container" }
  | { readonly kind: "forbidden"; readonly why: string }
  /** A key that only the file sets. */
  | { readonly kind: "file-only"; readonly path: readonly string[] }
  /** `configuration`: it wants to set something, and nobody knows what. */
  | { readonly kind: "unknown"; readonly configuration: boolean };

/**
 * Every name that a sandbox of one hypervisor knows; in the paths of keys, `*` stands for any hypervisor. What is needed for
 * unknown names only is worked out for those: most pods have none, and they wait for it.
 */
export class AnnotationNames {
  private readonly keys: Keys;
  private readonly hypervisor: HypervisorType;
  private readonly entries = new Map<string, Keys[number]>();

  constructor(keys: Keys, hypervisor: HypervisorType) {
    this.keys = keys;
    this.hypervisor = hypervisor;
    for (const one of keys) {
      if (one[1].annotation === undefined || !this.isOurs(one[0])) continue;
      for (const name of one[1].annotation.names) this.entries.set(name, one);
    }
  }

  meaningOf(name: string): Meaning {
    const refused = forbidden.find(([start]) => (start.endsWith(".") ? name.startsWith(start) : name === start));
    if (refused !== undefined) return { kind: "forbidden", why: refused[1] };
    if (containerNames.includes(name)) return { kind: "container" };
    if (hashTypeNames.includes(name)) return { kind: "hash-type" };
    const found = this.entries.get(name);
    if (found !== undefined) {
      return { kind: "key", baseName: baseNameOf(name), path: this.concrete(found[0]), key: found[1] };
    }
    const asset = assetOfHash(name);
    if (asset !== undefined) return { kind: "asset-hash", baseName: baseNameOf(name), asset };
    if (!name.startsWith(configPrefix)) return { kind: "unknown", configuration: false };
    const [section, keyName] = [withoutPrefix(name).split(".", 1)[0], baseNameOf(name)];
    const inFile = this.keys.find(
      ([path, { annotation }]) =>
        annotation === undefined && path.at(-1) === keyName && path[0] === section && this.isOurs(path),
    );
    if (inFile !== undefined) return { kind: "file-only", path: this.concrete(inFile[0]) };
    return { kind: "unknown", configuration: true };
  }

  /** The name that was probably meant: one with the same last part or for the key of that name, else the most alike. */
  suggestionFor(name: string): string | undefined {
    const baseName = baseNameOf(name);
    for (const [path, { annotation }] of this.keys) {
      if (path.at(-1) === baseName && annotation !== undefined && this.isOurs(path)) return annotation.names[0];
    }
    const known = [...this.entries.keys(), ...hashAnnotations, ...containerNames, ...hashTypeNames];
    const sameBase = known.find((one) => baseNameOf(one) === baseName);
    if (sameBase !== undefined) return sameBase;
    // What all names of a section share would make unlike ones look alike.
    const start = name.slice(0, name.length - baseName.length);
    const meant = nearest(
      baseName,
      known.filter((one) => one.startsWith(start)).map((one) => one.slice(start.length)),
    );
    return meant === undefined ? undefined : `${start}${meant}`;
  }

  private isOurs(path: readonly string[]): boolean {
    return path[0] !== "hypervisor" || path[1] === "*" || path[1] === this.hypervisor;
  }

  private concrete(path: readonly string[]): string[] {
    return path.map((part) => (part === "*" ? this.hypervisor : part));
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

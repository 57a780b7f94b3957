import type { Finding, Place } from "../finding.ts";
import type { HypervisorType } from "../hypervisor-type.ts";
import type { Key } from "../schema/key.ts";
import type { Asset } from "./asset-hash.ts";
import { openGate } from "./gate.ts";
import { judge, type Law, type Verdict } from "./judge.ts";
import { AnnotationNames, kataPrefix } from "./names.ts";
import { shownValue } from "./shown.ts";

/** What decides about a pod's annotations: the operator's configuration. */
export interface AnnotationContext {
  readonly hypervisor: HypervisorType;
  /** `enable_annotations` of that hypervisor's table: unanchored regular expressions over base names. */
  readonly enabled: readonly string[];
  /** The globs of an allow-list key of the same table, such as `valid_hypervisor_paths`. */
  readonly allowedPaths: (listKey: string) => readonly string[];
  /** Every key with its canonical path, in which `*` may stand for the hypervisor's name. Only looked at when there are annotations. */
  readonly keys: Iterable<readonly [path: readonly string[], key: Key]>;
}

/** A value that a pod sets. */
export interface Override {
  readonly value: unknown;
  /** The name of the annotation. */
  readonly annotation: string;
}

export interface AnnotationReading {
  /** By canonical key path, `hypervisor.qemu.default_vcpus`; what the operator wrote is replaced, `kernel_params` joined (`joinKernelParams`). */
  readonly overrides: ReadonlyMap<string, Override>;
  /** The SHA-512 hashes that files must have, in lower case, by asset: kernel, image, initrd, hypervisor, jailer... */
  readonly assetHashes: ReadonlyMap<Asset, string>;
  /** In the order of the names. What is wrong with the operator's lists is told by `listFindings`. */
  readonly findings: readonly Finding[];
}

/** More than there are names to set. */
const maxAnnotations = 256;
/** Finding out what was meant takes time, of which a hostile pod gets little. */
const maxSuggestions = 8;

/**
 * Reads a sandbox's annotations: the one gate for everything that a pod says about its VM. Nothing is allowed unless an
 * expression of the operator's `enable_annotations` matches its name, and then only values that the key's rule, and for paths
 * the operator's list, allow. Never throws for what a pod wrote: whatever is refused or wrong is a finding.
 */
export function readAnnotations(
  annotations: Readonly<Record<string, string>>,
  context: AnnotationContext,
): AnnotationReading {
  const book = new Book();
  const ours = Object.entries(annotations).filter(([name]) => name.startsWith(kataPrefix));
  if (ours.length > maxAnnotations) {
    const rule = `must be at most ${maxAnnotations} annotations, got ${ours.length}`;
    const place = annotationPlace(`${kataPrefix}*`);
    book.findings.push({ severity: "error", code: "annotation-refused", place, key: "", rule });
  } else if (ours.length > 0) {
    const { hypervisor, enabled, allowedPaths } = context;
    const names = new AnnotationNames([...context.keys], hypervisor);
    let suggestions = 0;
    const suggest = (name: string) => (suggestions++ < maxSuggestions ? names.suggestionFor(name) : undefined);
    const law: Law = { hypervisor, names, gate: openGate(enabled), allowedPaths, suggest };
    ours.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, text] of ours) book.enter(name, judge(name, text, law));
  }
  return book;
}

/** Verdicts as they come in: two annotations for one thing must agree. */
class Book implements AnnotationReading {
  readonly overrides = new Map<string, Override>();
  readonly assetHashes = new Map<Asset, string>();
  readonly findings: Finding[] = [];
  private readonly sources = new Map<string, { readonly annotation: string; readonly text: string }>();

  enter(annotation: string, verdict: Verdict): void {
    switch (verdict.kind) {
      case "findings":
        this.findings.push(...verdict.findings);
        return;
      case "override":
        if (this.claim(verdict.path, annotation, JSON.stringify(verdict.value, bigintText))) {
          this.overrides.set(verdict.path, { value: verdict.value, annotation });
        }
        return;
      case "hash":
        if (this.claim(`${verdict.asset}_hash`, annotation, verdict.hash))
          this.assetHashes.set(verdict.asset, verdict.hash);
        return;
    }
  }

  private claim(what: string, annotation: string, text: string): boolean {
    const other = this.sources.get(what);
    if (other === undefined) {
      this.sources.set(what, { annotation, text });
      return true;
    }
    if (other.text !== text) {
      const rule = `must not differ from ${other.annotation}, which sets the same`;
      const place = annotationPlace(annotation);
      this.findings.push({
        severity: "error",
        code: "annotation-value",
        place,
        key: what,
        rule,
        got: shownValue(text),
      });
    }
    return false;
  }
}

function annotationPlace(name: string): Place {
  return { kind: "annotation", name };
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

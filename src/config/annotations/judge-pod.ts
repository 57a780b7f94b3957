import type { Effective } from "../effective.ts";
import type { Judge } from "../evaluate.ts";
import type { HypervisorType } from "../hypervisor-type.ts";
import { allKeys } from "../schema/catalog.ts";
import { joinKernelParams } from "./kernel-params.ts";
import { type AnnotationContext, type AnnotationReading, readAnnotations } from "./read.ts";

/** Judges a pod's annotations by the operator's lists, and sets what they allow. */
export function podJudge(annotations: Readonly<Record<string, string>>): Judge {
  return (all, type) => {
    const { overrides, assetHashes, findings } = readAnnotations(annotations, contextOf(all, type));
    return { all: withOverrides(all, overrides), assetHashes, findings };
  };
}

/** What decides about annotations, by the values that the files set. */
export function contextOf(all: ReadonlyMap<string, Effective>, type: HypervisorType): AnnotationContext {
  const list = (key: string) => {
    const value = all.get(`hypervisor.${type}.${key}`)?.value;
    return Array.isArray(value) ? (value as readonly string[]) : [];
  };
  return { hypervisor: type, enabled: list("enable_annotations"), allowedPaths: list, keys: allKeys() };
}

/** Of kernel parameters the operator's stay, unless the pod gives the same one. */
function withOverrides(
  all: ReadonlyMap<string, Effective>,
  overrides: AnnotationReading["overrides"],
): ReadonlyMap<string, Effective> {
  if (overrides.size === 0) return all;
  const changed = new Map(all);
  for (const [path, { value, annotation }] of overrides) {
    const base = all.get(path);
    if (base === undefined) continue;
    const joined = path.endsWith(".kernel_params") ? joinKernelParams(String(base.value), String(value)) : value;
    changed.set(path, { ...base, value: joined, source: { kind: "annotation", name: annotation } });
    hideOtherRoot(changed, overrides, path, annotation);
  }
  return changed;
}

/** A guest boots from an image or from an initrd: a pod's of one kind hides the operator's of the other, as upstream has it. */
function hideOtherRoot(
  changed: Map<string, Effective>,
  overrides: AnnotationReading["overrides"],
  path: string,
  annotation: string,
): void {
  const [section, type, name] = path.split(".");
  const hidden = name === "image" ? "initrd" : name === "initrd" ? "image" : undefined;
  if (section !== "hypervisor" || hidden === undefined) return;
  const other = `${section}.${type}.${hidden}`;
  const base = changed.get(other);
  // Both by the pod is a conflict, which the rules tell of.
  if (base === undefined || overrides.has(other)) return;
  changed.set(other, { ...base, value: "", source: { kind: "annotation", name: annotation } });
}

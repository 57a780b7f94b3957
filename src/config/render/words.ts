import type { HypervisorType } from "../hypervisor-type.ts";
import type { Key, Limit, Shape } from "../schema/key.ts";
import { settingText } from "./value.ts";

/** What kind of value it is: `whole number`, `list of strings`... */
export function typeText(shape: Shape): string {
  switch (shape.kind) {
    case "flag":
      return "true or false";
    case "integer":
      return "whole number";
    case "decimal":
      return "number";
    case "text":
    case "choice":
      return "string";
    case "path":
      return "absolute path";
    case "list":
      return `list of ${typeText(shape.of)}s`;
    case "tables":
      return "list of tables";
  }
}

/**
 * What is allowed beyond the type, without "must be": `one of virtio-fs, none`, `a whole number from 0 to 16`. Undefined when
 * the type says it all.
 */
export function allowedText({ shape, rule }: Key): string | undefined {
  switch (shape.kind) {
    case "flag":
    case "path":
    case "tables":
      return undefined;
    case "text":
      if (shape.pattern === undefined) return undefined;
      break;
    case "list":
      if (shape.of.kind !== "text" || shape.of.pattern === undefined) return undefined;
      break;
    case "integer":
      if (shape.min === 0n && shape.max >= 0xffff_ffffn && shape.powerOfTwo !== true) return undefined;
      break;
    case "choice":
    case "decimal":
      break;
  }
  return rule.replace(/^must be /, "");
}

/** Other spellings of a key's choices, as `virtio-9P for virtio-9p`; empty when there are none. */
export function synonymTexts({ shape }: Key): string[] {
  if (shape.kind !== "choice") return [];
  return Object.entries(shape.synonyms).map(([other, canonical]) => `${other} for ${canonical}`);
}

/** One default of a key: the value as it is written, and whom it is for. */
export interface DefaultText {
  readonly value: string;
  /** `clh, firecracker`, `arm64`, `clh on arm64`; empty: for all others. */
  readonly where: string;
}

/** Every default of a key; the general one comes first. */
export function defaultTexts(key: Key): DefaultText[] {
  const special = (key.defaults ?? []).map(({ hypervisors, archs, value }) => {
    const places = [hypervisors?.join(", "), archs?.join(", ")].filter((part) => part !== undefined);
    return { value: settingText(key.shape, value), where: places.join(" on ") };
  });
  return [{ value: settingText(key.shape, key.fallback), where: "" }, ...special];
}

/** All defaults in one line: `1; 2 for clh on arm64`. */
export function defaultsLine(key: Key, quote = (text: string) => text): string {
  return defaultTexts(key)
    .map(({ value, where }) => (where === "" ? quote(value) : `${quote(value)} for ${where}`))
    .join("; ");
}

/** What kata-ts does not do with a key, one sentence each, without a final period. */
export function limitTexts(name: string, key: Key): string[] {
  return (key.limits ?? []).map((limit) => limitText(name, key, limit));
}

function limitText(name: string, key: Key, { level, why, values, harmless }: Limit<unknown>): string {
  const text = (value: unknown) => settingText(key.shape, value);
  const end = level === "refused" ? `${why}; a sandbox is not started` : why;
  if (values !== undefined) return `${name} = ${values.map(text).join(" or ")} ${end}`;
  if (key.shape.kind === "flag" && key.defaults === undefined) return `${name} = ${text(key.fallback !== true)} ${end}`;
  const others = [...new Set([...defaultTexts(key).map(({ value }) => value), ...(harmless ?? []).map(text)])];
  return `${name} with another value than ${others.join(" or ")} ${end}`;
}

/** Whether kata-ts does nothing at all with a key: every value but the default is ignored or refused. */
export function isUnused({ limits }: Key): boolean {
  return limits?.some(({ values }) => values === undefined) ?? false;
}

/** Whether a hypervisor has the key. */
export function isFor(key: Key, hypervisor: HypervisorType): boolean {
  return key.hypervisors?.includes(hypervisor) ?? true;
}

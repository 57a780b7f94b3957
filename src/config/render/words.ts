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
      return shape.optional ? "absolute path, or empty" : "absolute path";
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
    return { value: settingText(value), where: places.join(" on ") };
  });
  return [{ value: settingText(key.fallback), where: "" }, ...special];
}

/** All defaults in one line: `1; 2 for clh on arm64`. */
export function defaultsLine(key: Key, quote = (text: string) => text): string {
  return defaultTexts(key)
    .map(({ value, where }) => (where === "" ? quote(value) : `${quote(value)} for ${where}`))
    .join("; ");
}

/** What kata-ts does not do with a key, one sentence each, without a final period. */
export function limitTexts(key: Key): string[] {
  return (key.limits ?? []).map((limit) => limitText(key, limit));
}

function limitText({ fallback }: Key, { level, why, values, harmless = [] }: Limit<unknown>): string {
  if (values !== undefined) return `${alternatives(values)} ${why}`;
  if (level === "ignored") return why.charAt(0).toUpperCase() + why.slice(1);
  if (typeof fallback === "boolean" && harmless.length === 0) return `${!fallback} ${why}`;
  return `Another value${harmless.length === 0 ? "" : ` than ${alternatives([fallback, ...harmless])}`} ${why}`;
}

function alternatives(values: readonly unknown[]): string {
  const texts = values.map(settingText);
  const last = texts.pop() ?? "";
  return texts.length === 0 ? last : `${texts.join(", ")} or ${last}`;
}

/** Whether kata-ts does nothing at all with a key: every value but the default is ignored or refused. */
export function isUnused({ limits }: Key): boolean {
  return limits?.some(({ values }) => values === undefined) ?? false;
}

/** Whether a hypervisor has the key. */
export function isFor(key: Key, hypervisor: HypervisorType): boolean {
  return key.hypervisors?.includes(hypervisor) ?? true;
}

import { cut } from "../../../../base/cut.ts";
import { KataError } from "../../../../base/error.ts";
import { openGate } from "../../../../config/annotations/gate.ts";
import type { Examined } from "../../../../config/examine.ts";
import {
  annotationName,
  annotationPrefix,
  type KeyFacts,
  keyFacts,
  pathText,
} from "../../../../config/render/explain.ts";
import { findKeys, type KeyMatch, nearestKey, otherPaths } from "../../../../config/render/find-key.ts";
import { settingJson } from "../../../../config/render/value.ts";
import type { Key } from "../../../../config/schema/key.ts";
import type { Setting } from "../../../../config/settings.ts";
import type { CommandContext } from "../../../context.ts";
import { examine } from "../examine.ts";

/** A word explained. */
export type Explanation =
  | { readonly kind: "table"; readonly name: string; readonly about: string; readonly keys: readonly KeyLine[] }
  | { readonly kind: "retired"; readonly name: string; readonly note: string }
  | {
      readonly kind: "key";
      readonly key: Key;
      readonly facts: KeyFacts;
      /** On this host; empty when its configuration cannot be read, or its hypervisor has no such key. */
      readonly here: readonly KeyHere[];
    };

/** A key of a table, in short. */
export interface KeyLine {
  readonly key: string;
  readonly meaning: string;
}

/** What a key is on this host. */
export interface KeyHere {
  readonly setting: Setting;
  /** Whether pods may set it; null when there is no annotation. */
  readonly allowed: string | null;
}

/** Explains everything that a word may stand for. Throws KataError `not-found` with what may have been meant. */
export function explainWord(context: CommandContext, word: string): Explanation[] {
  const matches = findKeys(word);
  if (matches.length === 0) {
    const meant = nearestKey(word);
    throw new KataError("not-found", `There is no key, annotation or retired key "${cut(word)}"`, {
      hint: meant === undefined ? "docs/configuration-reference.md lists all keys" : `Did you mean ${meant}?`,
    });
  }
  const examined = tryExamine(context);
  return matches.map((match) => explain(match, examined));
}

/** An explanation for `--json`. */
export function explanationJson(explanation: Explanation): unknown {
  if (explanation.kind !== "key") return explanation;
  const here = explanation.here.map(({ allowed, setting }) => ({
    key: setting.path,
    value: settingJson(setting.value),
    origin: setting.origin,
    pods: allowed,
  }));
  return { kind: "key", ...explanation.facts, here };
}

function explain(match: KeyMatch, examined: Examined | undefined): Explanation {
  if (match.kind === "retired") {
    const name = pathText(match.path);
    return { kind: "retired", name: match.table ? `[${name}]` : name, note: match.note };
  }
  if (match.kind === "table") {
    const keys = Object.entries(match.keys).map(([key, { meaning }]) => ({ key, meaning }));
    return { kind: "table", name: `[${pathText(match.path)}]`, about: match.about, keys };
  }
  const { key, path } = match;
  const here = (examined?.settings.list ?? [])
    .filter((setting) => setting.key === key)
    .map((setting) => ({ setting, allowed: allowedHere(key, examined) }));
  return { kind: "key", key, facts: keyFacts(path, key, otherPaths(path)), here };
}

/** What `enable_annotations` is about: the name without its prefix and section. */
function baseName(name: string): string {
  return annotationName(name)
    .slice(annotationPrefix.length)
    .replace(/^[^.]*\./, "");
}

/** Whether this host lets pods set the key. */
function allowedHere({ annotation, shape }: Key, examined: Examined | undefined): string | null {
  if (annotation === undefined || annotation.never !== undefined) return null;
  if (shape.kind === "path" && annotation.allowedBy === undefined) return "may not set it: it is a path of the host";
  const gate = openGate(listOf(examined, "enable_annotations"));
  const names = annotation.names.map(baseName);
  if (!names.some((one) => gate.allows(one))) {
    return `may not set it: nothing in enable_annotations matches ${names.join(" or ")}`;
  }
  if (annotation.allowedBy === undefined) return "may set it";
  const paths = listOf(examined, annotation.allowedBy);
  return paths.length === 0
    ? `may not set it: ${annotation.allowedBy} lists no path`
    : `may set it to what ${annotation.allowedBy} lists: ${paths.join(", ")}`;
}

function listOf(examined: Examined | undefined, name: string): readonly string[] {
  const found = examined?.settings.list.find(({ path }) => path.startsWith("hypervisor.") && path.endsWith(`.${name}`));
  return Array.isArray(found?.value) ? (found.value as readonly string[]) : [];
}

/** The host's configuration is only an addition here. */
function tryExamine(context: CommandContext): Examined | undefined {
  try {
    return examine(context);
  } catch (error) {
    context.logger.debug("explaining without the host's configuration", { error: KataError.from(error).message });
    return undefined;
  }
}

import type { Architecture } from "../../../../config/architecture.ts";
import type { Examined } from "../../../../config/examine.ts";
import { settingJson, settingText } from "../../../../config/render/value.ts";
import { defaultOf } from "../../../../config/schema/key.ts";
import type { Origin, Setting } from "../../../../config/settings.ts";

/** One side of a comparison. */
export interface DiffSide {
  /** What it is called: the main file, or `defaults`. */
  readonly name: string;
  readonly settings: readonly Setting[];
}

/** A key whose values differ; a side that does not have the key has nothing. */
export interface Difference {
  readonly key: string;
  readonly left: Setting | undefined;
  readonly right: Setting | undefined;
}

/** A difference as scripts read it. The shape is a contract; fields are only ever added. */
export interface DifferenceJson {
  readonly key: string;
  readonly left: { readonly value: unknown; readonly origin: Origin } | null;
  readonly right: { readonly value: unknown; readonly origin: Origin } | null;
}

/** What a configuration would be if its files said nothing. */
export function defaultsOf({ settings }: Examined, arch: Architecture): DiffSide {
  const list = settings.list.map((setting) => ({
    ...setting,
    value: defaultOf(setting.key, settings.hypervisor, arch),
    origin: { kind: "default" } as const,
  }));
  return { name: "defaults", settings: list };
}

/** A configuration as one side of a comparison. */
export function sideOf({ files, settings }: Examined): DiffSide {
  return { name: files[0] ?? "", settings: settings.list };
}

/** Keys whose values differ, in the order of the written file. Keys of two hypervisors are compared by their names. */
export function differences(left: DiffSide, right: DiffSide): Difference[] {
  const lefts = byName(left);
  const rights = byName(right);
  const names = [...new Set([...lefts.keys(), ...rights.keys()])];
  return names.flatMap((name) => {
    const one = lefts.get(name);
    const other = rights.get(name);
    return textOf(one) === textOf(other) ? [] : [{ key: (other ?? one)?.path ?? name, left: one, right: other }];
  });
}

/** Differences for `--json`. */
export function differencesJson(found: readonly Difference[]): DifferenceJson[] {
  const side = (setting: Setting | undefined) =>
    setting === undefined ? null : { value: settingJson(setting.value), origin: setting.origin };
  return found.map(({ key, left, right }) => ({ key, left: side(left), right: side(right) }));
}

function byName({ settings }: DiffSide): Map<string, Setting> {
  return new Map(settings.map((setting) => [setting.path.replace(/^hypervisor\.[^.]+/, "hypervisor"), setting]));
}

function textOf(setting: Setting | undefined): string | undefined {
  return setting === undefined ? undefined : settingText(setting.value);
}

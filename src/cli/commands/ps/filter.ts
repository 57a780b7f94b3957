import { UsageError } from "../../args/usage-error.ts";
import { type ListedContainer, statusWord } from "./view.ts";

/** A condition of `--filter`. */
export interface Filter {
  readonly key: (typeof filterKeys)[number];
  readonly value: string;
}

const filterKeys = ["id", "name", "label", "status", "exited", "ancestor"] as const;

/** Reads `key=value`. Throws UsageError. */
export function parseFilter(text: string): Filter {
  const equals = text.indexOf("=");
  const key = filterKeys.find((candidate) => candidate === text.slice(0, equals));
  if (key === undefined)
    throw new UsageError(`must be KEY=VALUE with a KEY of ${filterKeys.join(", ")}; got "${text}"`);
  return { key, value: text.slice(equals + 1) };
}

/** Whether a container fits: conditions on one key are alternatives, as in docker, those on different keys add up. */
export function matchesFilters(listed: ListedContainer, filters: readonly Filter[]): boolean {
  return filterKeys.every((key) => {
    const wanted = filters.filter((filter) => filter.key === key);
    if (key === "label") return wanted.every(({ value }) => matches(listed, key, value));
    return wanted.length === 0 || wanted.some(({ value }) => matches(listed, key, value));
  });
}

function matches(listed: ListedContainer, key: Filter["key"], value: string): boolean {
  const { id, labels, name, rootfs, state } = listed.record;
  switch (key) {
    case "id":
      return id.startsWith(value);
    case "name":
      return name.includes(value);
    case "label": {
      const equals = value.indexOf("=");
      if (equals < 0) return Object.hasOwn(labels, value);
      const label = value.slice(0, equals);
      return Object.hasOwn(labels, label) && labels[label] === value.slice(equals + 1);
    }
    case "status":
      return statusWord(listed) === value;
    case "exited":
      return state.status === "exited" && String(state.exitCode) === value;
    case "ancestor":
      return (
        rootfs.kind === "image" &&
        (rootfs.name === value || rootfs.name === `${value}:latest` || rootfs.id.startsWith(value))
      );
    default:
      return key satisfies never;
  }
}

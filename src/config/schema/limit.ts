import type { Limit } from "./key.ts";

/** Which values a limit is about, if not all but the default. */
type On<T> = Pick<Limit<T>, "values" | "harmless">;

/** The sandbox starts, and the value changes nothing. `reason` tells why, without a final period. */
export function noEffect<T = never>(reason: string, on: On<T> = {}): readonly Limit<T>[] {
  return [{ level: "ignored", why: `has no effect: ${reason}`, ...on }];
}

/** A sandbox without it would not be what its owner relies on, so that none is started. */
export function notPossible<T = never>(reason: string, on: On<T> = {}): readonly Limit<T>[] {
  return [{ level: "refused", why: `is not possible: ${reason}`, ...on }];
}

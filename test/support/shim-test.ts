import { afterEach, beforeEach, expect } from "vitest";
import type { KataError } from "../../src/base/error.ts";
import { leftoversOf, ShimHost, until } from "./shim-host.ts";

/**
 * A fresh ShimHost for each test of a file, and ids that differ from run to run. After a test nothing of its sandboxes may
 * be left; what a failed test leaves is cleaned up.
 */
export function useShimHost(name: string): { readonly host: () => ShimHost; readonly nextId: () => string } {
  const prefix = `${name}-${process.pid}-`;
  let number = 0;
  let host = undefined as ShimHost | undefined;
  const current = () => {
    if (host === undefined) throw new Error("There is a ShimHost within tests only");
    return host;
  };
  beforeEach(() => {
    host = new ShimHost();
  });
  afterEach(async ({ task: { result } }) => {
    const used = current();
    if (result?.state === "fail") {
      process.stderr.write(used.logs());
      used.cleanUp();
    }
    const faults = used.faults();
    used.remove();
    if (result?.state === "fail") return;
    expect(faults).toEqual([]);
    const left = () => [...leftoversOf(prefix), ...leftoversOf(used.dir)];
    await until(() => left().length === 0, 20_000, "a clean host").catch(() => {});
    expect(left()).toEqual([]);
  });
  return { host: current, nextId: () => `${prefix}${++number}` };
}

/** The error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<KataError> {
  return call.then(
    () => {
      throw new Error("The call should have failed");
    },
    (error: unknown) => error as KataError,
  );
}

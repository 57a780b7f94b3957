import type { CallOptions } from "../base/cancel.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { FilesPort } from "../sys/port/files.ts";

const pollMs = 20;

/** What locking needs. */
export interface LockDeps {
  readonly sys: FilesPort;
  readonly clock: Clock;
}

/**
 * Takes a file lock (flock(2)) without blocking the event loop and returns the release. The kernel releases it when the
 * process ends, however it ends; the file stays. `onWait` is called once when somebody else holds it.
 */
export async function lockFile(
  deps: LockDeps,
  path: string,
  kind: "exclusive" | "shared",
  options: CallOptions & { readonly onWait?: () => void } = {},
): Promise<() => void> {
  const fd = deps.sys.open(path, { write: true, create: true, mode: 0o600 });
  try {
    if (!deps.sys.lock(fd, kind)) {
      options.onWait?.();
      while (!deps.sys.lock(fd, kind)) {
        if (options.signal?.aborted) throw KataError.from(options.signal.reason, "cancelled");
        await sleep(deps.clock, pollMs);
      }
    }
  } catch (error) {
    deps.sys.close(fd);
    throw error;
  }
  return () => deps.sys.close(fd);
}

/** Runs `work` while holding the lock. */
export async function withLock<T>(
  deps: LockDeps,
  path: string,
  kind: "exclusive" | "shared",
  work: () => Promise<T> | T,
  options: CallOptions & { readonly onWait?: () => void } = {},
): Promise<T> {
  const release = await lockFile(deps, path, kind, options);
  try {
    return await work();
  } finally {
    release();
  }
}

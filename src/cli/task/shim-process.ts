import { utf8Decode } from "../../base/bytes.ts";
import type { CallOptions } from "../../base/cancel.ts";
import { KataError } from "../../base/error.ts";
import { capture } from "../../sys/capture.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import { exitCode } from "../../sys/port/processes.ts";
import type { Sys } from "../../sys/sys.ts";

const program = "containerd-shim-kata-v2";
const startTimeoutMs = 30_000;
const deleteTimeoutMs = 30_000;

/** Which shim is meant. */
export interface ShimIdentity {
  readonly namespace: string;
  readonly id: string;
  /** Absolute path of the bundle. */
  readonly bundle: string;
}

/** Calls the shim's program as containerd does (containerd's runtime/v2 README, "Shim commands"). */
export class ShimProcess {
  private readonly deps: { readonly sys: Sys; readonly loop: Loop };
  private readonly identity: ShimIdentity;

  constructor(deps: { readonly sys: Sys; readonly loop: Loop }, identity: ShimIdentity) {
    this.deps = deps;
    this.identity = identity;
  }

  /** Starts the shim and returns the unix socket's path that it serves. Throws with the shim's own words. */
  async start(options: CallOptions = {}): Promise<string> {
    const address = await this.call("start", startTimeoutMs, options);
    const path = /^unix:\/\/(\/\S+)$/.exec(address.trim())?.[1];
    if (path === undefined) {
      throw new KataError(
        "internal",
        `The shim answered ${JSON.stringify(address.slice(0, 200))} instead of its address`,
        {
          stage: "prepare-sandbox",
        },
      );
    }
    return path;
  }

  /** Has everything cleaned up that a shim which is gone left behind. */
  async delete(): Promise<void> {
    await this.call("delete", deleteTimeoutMs, {});
  }

  private async call(action: "start" | "delete", timeoutMs: number, options: CallOptions): Promise<string> {
    const { bundle, id, namespace } = this.identity;
    const { sys } = this.deps;
    const result = await capture(this.deps, {
      ...options,
      timeoutMs,
      spawn: {
        path: shimPath(sys),
        argv: [program, "-namespace", namespace, "-address", "", "-id", id, "-bundle", bundle, action],
        env: sys.environment(),
        cwd: bundle,
      },
    });
    if (result.status.kind === "exited" && result.status.code === 0) return utf8Decode(result.stdout);
    const words = utf8Decode(result.stderr).trim();
    throw new KataError("internal", `The shim's ${action} failed with code ${exitCode(result.status)}`, {
      stage: action === "start" ? "prepare-sandbox" : "stop-sandbox",
      ...(words === "" ? {} : { cause: new Error(words) }),
    });
  }
}

/** The shim beside this very program, else the one on PATH. Throws `not-found`. */
export function shimPath(sys: Pick<Sys, "readLink" | "stat" | "env">): string {
  const own = sys.readLink("/proc/self/exe").replace(/\/[^/]*$/, "");
  for (const directory of [own, ...(sys.env("PATH") ?? "").split(":")]) {
    if (!directory.startsWith("/")) continue;
    const path = `${directory}/${program}`;
    try {
      if (sys.stat(path).kind === "file") return path;
    } catch (error) {
      if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) throw error;
    }
  }
  throw new KataError("not-found", `The program ${program} is not installed`, {
    stage: "prepare-sandbox",
    hint: `it belongs beside kata-ctl, in ${own}`,
  });
}

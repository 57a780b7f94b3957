import { KataError } from "../../base/error.ts";
import { invalid } from "./rules.ts";

/** Where a sysctl lives: it is written from inside that namespace. */
export interface SysctlWrite {
  readonly path: string;
  readonly value: string;
  readonly scope: "ipc" | "uts" | "guest";
}

/**
 * The files of /proc/sys to write for `linux.sysctl`. The agent writes them itself: network sysctls belong to the
 * guest's network namespace, which crun does not know to be the container's. Names with `/` or `..` are refused.
 */
export function planSysctls(sysctls: Readonly<Record<string, string>>): SysctlWrite[] {
  return Object.entries(sysctls).map(([key, value]) => {
    if (!/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_:-]+)+$/.test(key)) {
      throw invalid(
        "linux.sysctl",
        `A sysctl must be dotted words such as net.core.somaxconn, got ${JSON.stringify(key)}`,
      );
    }
    if (value.includes("\0") || value.length > 4096) {
      throw new KataError("invalid-argument", `The value of sysctl ${key} is too long or has a NUL byte`, {
        field: "linux.sysctl",
      });
    }
    return { path: `/proc/sys/${key.replaceAll(".", "/")}`, value, scope: scopeOf(key) };
  });
}

function scopeOf(key: string): SysctlWrite["scope"] {
  if (/^(?:kernel\.(?:sem|shm|msg)|fs\.mqueue\.)/.test(key)) return "ipc";
  return key === "kernel.hostname" || key === "kernel.domainname" ? "uts" : "guest";
}

import type { HypervisorConfig } from "../../config/runtime-config.ts";

/** The descriptor on which the daemon finds its listening socket. */
export const LISTEN_FD = 3;

/** The two daemons that exist: QEMU's own in C, up to QEMU 7.2, and its successor in Rust. */
export type VirtiofsdFlavour = "c" | "rust";

/** Distributions keep QEMU's own daemon in QEMU's directory; asking it would cost a process start for each sandbox. */
export function virtiofsdFlavour(path: string): VirtiofsdFlavour {
  return /\/qemu\/[^/]*$/.test(path) ? "c" : "rust";
}

/**
 * The daemon's argv. It serves `directory` inside a namespace sandbox of its own, with seccomp, which both daemons
 * switch on by default. Submounts are announced so that the guest tells inodes of different host file systems apart.
 */
export function virtiofsdArguments(
  config: Pick<HypervisorConfig, "virtioFsDaemonPath" | "virtioFsCache" | "virtioFsExtraArgs">,
  directory: string,
): string[] {
  const { virtioFsDaemonPath: path, virtioFsCache: cache, virtioFsExtraArgs: extra } = config;
  if (virtiofsdFlavour(path) === "rust") {
    const own = [`--fd=${LISTEN_FD}`, `--shared-dir=${directory}`, `--cache=${cache}`, "--sandbox=namespace"];
    return [path, ...own, "--announce-submounts", ...extra];
  }
  // The C daemon calls "never" "none" and has no mode that caches metadata only.
  const mode = cache === "never" ? "none" : cache === "metadata" ? "auto" : cache;
  const options = ["-o", `source=${directory}`, "-o", `cache=${mode}`, "-o", "sandbox=namespace"];
  return [
    path,
    `--fd=${LISTEN_FD}`,
    "-f",
    ...options,
    "-o",
    "announce_submounts",
    "-o",
    "log_level=warn",
    ...extra.flatMap(forC),
  ];
}

/** What upstream's files and the Rust daemon's manual write as `--some-word`, and the C daemon as `-o some_word`. */
const words = new Set([
  ...["announce-submounts", "allow-direct-io", "writeback", "xattr", "posix-acl", "killpriv-v2", "security-label"],
  ...["xattrmap", "modcaps", "log-level", "sandbox"],
]);

/** An extra argument in the C daemon's words; what it knows itself, or nobody does, stays as it is. */
function forC(argument: string): string[] {
  const [, no = "", word = "", value = ""] = /^--(no-)?([a-z0-9-]+)(=.*)?$/s.exec(argument) ?? [];
  return words.has(word) ? ["-o", `${no}${word}`.replaceAll("-", "_") + value] : [argument];
}

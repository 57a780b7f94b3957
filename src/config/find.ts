import { KataError } from "../base/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { ProcessesPort } from "../sys/port/processes.ts";

/** What finding the configuration needs of the system. */
export type FindSys = Pick<FilesPort, "exists" | "readLink"> & Pick<ProcessesPort, "env">;

/** Where a configuration is looked for, best first; `programDir` holds the running program. */
export function configPaths(programDir: string): string[] {
  return [
    `${programDir}/../etc/kata-containers/configuration.toml`,
    "/etc/kata-containers/configuration.toml",
    `${programDir}/../share/defaults/kata-containers/configuration.toml`,
    "/usr/share/defaults/kata-containers/configuration.toml",
    // Where upstream's installer and its Rust runtime have theirs.
    "/opt/kata/share/defaults/kata-containers/configuration.toml",
    "/etc/kata-containers/runtime-rs/configuration.toml",
    "/usr/share/defaults/kata-containers/runtime-rs/configuration.toml",
    "/opt/kata/share/defaults/kata-containers/runtime-rs/configuration.toml",
  ]
    .map(withoutDots)
    .filter((path, index, all) => all.indexOf(path) === index);
}

/**
 * The configuration file to use: the given one, else the one that `KATA_CONF_FILE` names, else the first of `configPaths`
 * that exists. Throws KataError `invalid-argument` for a relative path, `not-found` when there is none.
 */
export function configurationFile(sys: FindSys, given: string | undefined): string {
  const [named, by] =
    given !== undefined && given !== "" ? [given, ""] : [sys.env("KATA_CONF_FILE") ?? "", "KATA_CONF_FILE: "];
  if (named !== "") {
    if (named.startsWith("/")) return named;
    throw new KataError(
      "invalid-argument",
      `${by}The path of a configuration file must be absolute, got ${JSON.stringify(named.slice(0, 200))}`,
      {
        stage: "load-config",
        field: by === "" ? "config" : "KATA_CONF_FILE",
        hint: "Write the whole path, from / on",
      },
    );
  }
  const places = configPaths(programDirectory(sys));
  // A link to nowhere is somebody's choice as well: another file in its place would be a surprise.
  const found = places.find((path) => sys.exists(path) || isLink(sys, path));
  if (found !== undefined) return found;
  throw new KataError("not-found", `There is no configuration file: looked for ${places.join(", ")}`, {
    stage: "load-config",
    hint: "Name one with --config or KATA_CONF_FILE, or install the default one",
  });
}

function isLink(sys: FindSys, path: string): boolean {
  try {
    return sys.readLink(path) !== "";
  } catch {
    // There is none, or it is something else.
    return false;
  }
}

/** The directory of the running program. */
export function programDirectory(sys: Pick<FilesPort, "readLink">): string {
  const program = sys.readLink("/proc/self/exe");
  return program.slice(0, program.lastIndexOf("/"));
}

function withoutDots(path: string): string {
  return path.replace(/\/[^/]+\/\.\.(?=\/)/, "");
}

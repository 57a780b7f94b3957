import { KataError } from "../../base/error.ts";
import { isErrno } from "../../sys/error.ts";
import type { Sys } from "../../sys/sys.ts";
import type { BindMount } from "./build-spec.ts";
import { below } from "./program.ts";
import type { VolumeFlag } from "./volume.ts";

/** The host's kernel speaks through these; a guest has its own. */
const forbidden = ["/proc", "/sys", "/dev"];

/**
 * Turns `-v` into a mount with a source that exists and has no links in it. Throws `not-found` for a missing source, and
 * `invalid-argument` for one in the host's /proc, /sys or /dev, whatever links lead there.
 */
export function resolveVolume(sys: Pick<Sys, "realPath" | "cwd">, flag: VolumeFlag): BindMount {
  const absolute = flag.source.startsWith("/") ? flag.source : `${sys.cwd()}/${flag.source}`;
  const details = { stage: "prepare-sandbox", field: "-v" } as const;
  let source: string;
  try {
    source = sys.realPath(absolute);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "EACCES", "ENAMETOOLONG")) throw error;
    throw new KataError(
      isErrno(error, "ENOENT") ? "not-found" : "invalid-argument",
      `Mount source ${flag.source} cannot be used`,
      {
        ...details,
        hint: "it must exist on the host before the container starts",
        cause: error,
      },
    );
  }
  if (below(source, forbidden)) {
    throw new KataError(
      "invalid-argument",
      `Mount source ${flag.source} is ${source}, which belongs to the host's kernel`,
      {
        ...details,
        hint: "the container has a /proc, /sys and /dev of its own guest",
      },
    );
  }
  return { source, destination: flag.destination, readOnly: flag.readOnly };
}

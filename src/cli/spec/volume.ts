import { cut } from "../../base/cut.ts";
import { UsageError } from "../args/usage-error.ts";

/** A host's file or directory inside the container: `-v`. */
export interface VolumeFlag {
  /** As given: absolute, or relative to the working directory. */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
}

/** A memory file system inside the container: `--tmpfs`. */
export interface TmpfsFlag {
  readonly destination: string;
  readonly options: readonly string[];
}

/** SELinux relabelling and copy-up make no sense across a VM; docker users' scripts carry them nevertheless. */
const ignoredOptions = ["z", "Z", "nocopy", "cached", "delegated", "consistent"];

/** Reads `SOURCE:DESTINATION[:OPTIONS]`. Throws UsageError. */
export function parseVolume(text: string): VolumeFlag {
  const [source = "", destination = "", options = "", ...rest] = text.split(":");
  if (destination === "" || rest.length > 0)
    throw new UsageError(`must be SOURCE:DESTINATION[:ro]; got "${cut(text)}"`);
  if (!/^\.{0,2}\//.test(source) && source !== "." && source !== "..") {
    throw new UsageError(
      `needs a path as its source; "${cut(source)}" would be a named volume, which does not exist here`,
      {
        hint: `for a directory write ./${source}:${destination}`,
      },
    );
  }
  let readOnly = false;
  for (const option of options === "" ? [] : options.split(",")) {
    if (option === "ro" || option === "rw") readOnly = option === "ro";
    else if (!ignoredOptions.includes(option))
      throw new UsageError(`has the unknown option "${cut(option)}"; there are ro and rw`);
  }
  return { source, destination: parseDestination(destination), readOnly };
}

/** Reads `DESTINATION[:OPTIONS]`. Throws UsageError. */
export function parseTmpfs(text: string): TmpfsFlag {
  const colon = text.indexOf(":");
  const destination = parseDestination(colon < 0 ? text : text.slice(0, colon));
  const options = colon < 0 ? [] : text.slice(colon + 1).split(",");
  const wrong = options.find(
    (option) =>
      !/^(rw|ro|noexec|exec|nosuid|suid|nodev|dev|size=\d+[kmg%]?|mode=[0-7]{1,4}|uid=\d+|gid=\d+)$/.test(option),
  );
  if (wrong !== undefined) throw new UsageError(`has the unknown option "${cut(wrong)}"`);
  return { destination, options };
}

/** An absolute path in the container below its root, without `.` and `..`. */
function parseDestination(path: string): string {
  const clean = path.replace(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
  if (!clean.startsWith("/") || clean === "/" || /\/\.{1,2}(\/|$)/.test(clean) || /[\0\n]/.test(clean)) {
    throw new UsageError(`needs an absolute path in the container, below /, without ".."; got "${cut(path)}"`);
  }
  return clean;
}

import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FileStat, FilesPort } from "../sys/port/files.ts";
import { type Effective, placeOf, type Values } from "./effective.ts";
import type { Finding } from "./finding.ts";
import type { HypervisorType } from "./hypervisor-type.ts";

type PathKey = Extract<keyof Values["hypervisor"], string>;

/** A path of the configuration that must lead to something on this host. */
interface NeededPath {
  readonly key: PathKey;
  readonly kinds: readonly FileStat["kind"][];
  readonly executable?: boolean;
  /** Absent: always, if it is set. */
  readonly when?: (values: Values) => boolean;
}

const needed: readonly NeededPath[] = [
  { key: "path", kinds: ["file"], executable: true },
  { key: "ctlpath", kinds: ["file"], executable: true },
  { key: "jailer_path", kinds: ["file"], executable: true },
  { key: "kernel", kinds: ["file"] },
  { key: "initrd", kinds: ["file"] },
  { key: "image", kinds: ["file", "block"] },
  { key: "firmware", kinds: ["file"] },
  { key: "firmware_volume", kinds: ["file"] },
  {
    key: "virtio_fs_daemon",
    kinds: ["file"],
    executable: true,
    when: ({ hypervisor }) => hypervisor.shared_fs.startsWith("virtio-fs"),
  },
  { key: "entropy_source", kinds: ["char", "file"] },
];

/** Where the file lists live that are arrays: each item like a key of its own. */
const neededLists = ["pflashes"] as const;

/**
 * What is wrong with the files that a configuration names: missing, of the wrong kind, not executable, writable for everyone;
 * a guest bigger than its memory. `all` are the effective values of the same configuration.
 */
export function hostFileFindings(
  sys: Pick<FilesPort, "stat">,
  type: HypervisorType,
  values: Values,
  all: ReadonlyMap<string, Effective>,
): Finding[] {
  const findings: Finding[] = [];
  const pathOf = (key: string) => `hypervisor.${type}.${key}`;
  const check = (key: string, path: string, wanted: Pick<NeededPath, "kinds" | "executable">) => {
    const place = placeOf(all.get(pathOf(key)));
    for (const [severity, rule] of fileProblems(sys, path, wanted)) {
      findings.push({ severity, code: "bad-file", place, key: pathOf(key), rule, got: JSON.stringify(path) });
    }
  };
  for (const { key, when, ...wanted } of needed) {
    const path = values.hypervisor[key];
    // A key that is not for this hypervisor is not effective.
    if (typeof path !== "string" || path === "" || !all.has(pathOf(key))) continue;
    if (when?.(values) ?? true) check(key, path, wanted);
  }
  for (const key of neededLists) {
    for (const path of values.hypervisor[key]) check(key, path, { kinds: ["file"] });
  }
  return [...findings, ...guestSizeFindings(sys, type, values, all)];
}

function fileProblems(
  sys: Pick<FilesPort, "stat">,
  path: string,
  { kinds, executable }: Pick<NeededPath, "kinds" | "executable">,
): (readonly ["error" | "warning", string])[] {
  let stat: FileStat;
  try {
    stat = sys.stat(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [["error", "must exist on this host"]];
    return [["error", `cannot be used: ${KataError.from(error).message}`]];
  }
  const wanted = kinds.map((kind) => (kind === "char" ? "character device" : kind === "block" ? "block device" : kind));
  if (!kinds.includes(stat.kind)) return [["error", `must be a ${wanted.join(" or a ")}, not a ${stat.kind}`]];
  if (executable === true && (stat.mode & 0o111) === 0) return [["error", "must be executable"]];
  const loose = stat.kind === "file" && (stat.mode & 0o002) !== 0;
  return loose ? [["warning", "should not be writable for everyone: whoever changes it owns every guest"]] : [];
}

function guestSizeFindings(
  sys: Pick<FilesPort, "stat">,
  type: HypervisorType,
  { hypervisor: { default_memory: memory, image, initrd } }: Values,
  all: ReadonlyMap<string, Effective>,
): Finding[] {
  // Only an initrd is unpacked into memory; an image that is mapped as an nvdimm lies behind it.
  const [what, path] = initrd !== "" ? (["initrd", initrd] as const) : (["image", image] as const);
  let mib: number;
  try {
    mib = sys.stat(path).size / 1024 / 1024;
  } catch {
    // A missing file has been told of.
    return [];
  }
  if (memory > mib) return [];
  const key = `hypervisor.${type}.default_memory`;
  const rule = `must be more than the ${what}'s size, which is ${Math.ceil(mib)} MiB`;
  return [{ severity: "error", code: "conflict", place: placeOf(all.get(key)), key, rule, got: String(memory) }];
}

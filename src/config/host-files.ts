import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FileStat, FilesPort } from "../sys/port/files.ts";
import { type Effective, placeOf, type Values } from "./effective.ts";
import { cutText, type Finding } from "./finding.ts";
import type { HypervisorType } from "./hypervisor-type.ts";

type PathKey = Extract<keyof Values["hypervisor"], string>;

/** A path of the configuration that must lead to something on this host. */
interface NeededPath {
  readonly key: PathKey;
  readonly kinds: readonly FileStat["kind"][];
  readonly executable?: boolean;
  /** A file of which the guest is made: it cannot be empty. */
  readonly content?: boolean;
  /** Absent: always, if it is set. */
  readonly when?: (values: Values) => boolean;
}

type Wanted = Pick<NeededPath, "kinds" | "executable" | "content">;

const needed: readonly NeededPath[] = [
  { key: "path", kinds: ["file"], executable: true },
  { key: "ctlpath", kinds: ["file"], executable: true },
  { key: "jailer_path", kinds: ["file"], executable: true },
  { key: "kernel", kinds: ["file"], content: true },
  { key: "initrd", kinds: ["file"], content: true },
  { key: "image", kinds: ["file", "block"], content: true },
  { key: "firmware", kinds: ["file"], content: true },
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
  const check = (key: string, path: string, wanted: Wanted) => {
    const effective = all.get(pathOf(key));
    const place = placeOf(effective);
    const got = `${cutText(JSON.stringify(path))}${effective?.source.kind === "default" ? ", the default" : ""}`;
    for (const [severity, rule] of fileProblems(sys, path, wanted)) {
      findings.push({ severity, code: "bad-file", place, key: pathOf(key), rule, got });
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
  { kinds, executable, content }: Wanted,
): (readonly ["error" | "warning", string])[] {
  let stat: FileStat;
  try {
    stat = sys.stat(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [["error", "must exist on this host"]];
    return [["error", `cannot be used: ${KataError.from(error).message}`]];
  }
  if (!kinds.includes(stat.kind)) {
    return [["error", `must be a ${kinds.map(kindText).join(" or a ")}, not a ${kindText(stat.kind)}`]];
  }
  if (content === true && stat.kind === "file" && stat.size === 0) return [["error", "must not be empty"]];
  if (executable === true && (stat.mode & 0o111) === 0) return [["error", "must be executable"]];
  const loose = stat.kind === "file" && (stat.mode & 0o002) !== 0;
  return loose ? [["warning", "should not be writable for everyone: whoever changes it owns every guest"]] : [];
}

function kindText(kind: FileStat["kind"]): string {
  return kind === "char" ? "character device" : kind === "block" ? "block device" : kind;
}

/** An initrd is unpacked into memory, so that no guest starts with less. An image only should fit into the guest's cache. */
function guestSizeFindings(
  sys: Pick<FilesPort, "stat">,
  type: HypervisorType,
  { hypervisor: { default_memory: memory, image, initrd } }: Values,
  all: ReadonlyMap<string, Effective>,
): Finding[] {
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
  const size = `the ${what}'s size, which is ${Math.ceil(mib)} MiB`;
  const place = placeOf(all.get(key));
  const got = String(memory);
  if (what === "initrd") {
    return [{ severity: "error", code: "conflict", place, key, rule: `must be more than ${size}`, got }];
  }
  const rule = `is not more than ${size}: the guest starts, but reads from its disk more often`;
  return [{ severity: "note", code: "conflict", place, key, rule, got }];
}

import { findingText } from "../../finding.ts";
import { choice, decimal, flag, integer, type Key, path, text, textList } from "../../schema/key.ts";
import { type AnnotationReading, readAnnotations } from "../read.ts";

/** With this begins every annotation that sets a key. */
export const config = "io.katacontainers.config.";
/** The same for keys of the hypervisor. */
export const h = `${config}hypervisor.`;

const meaning = "Something";

function plain(section: string, name: string) {
  return { meaning, annotation: { names: [`${config}${section}.${name}`] } };
}

/** A few keys of each kind. */
export const keys: readonly (readonly [readonly string[], Key])[] = [
  [
    ["hypervisor", "qemu", "default_vcpus"],
    decimal({ ...plain("hypervisor", "default_vcpus"), fallback: 1, max: 240, rule: "must be a number of CPUs" }),
  ],
  [
    ["hypervisor", "qemu", "default_maxvcpus"],
    integer({ ...plain("hypervisor", "default_max_vcpus"), fallback: 0, min: 0, max: 240 }),
  ],
  [
    ["hypervisor", "qemu", "default_memory"],
    integer({ ...plain("hypervisor", "default_memory"), fallback: 512, min: 64 }),
  ],
  [["hypervisor", "qemu", "enable_iommu"], flag({ ...plain("hypervisor", "enable_iommu"), fallback: false })],
  [
    ["hypervisor", "qemu", "cpu_features"],
    text({
      ...plain("hypervisor", "cpu_features"),
      fallback: "",
      pattern: /^[\w=,.-]*$/,
      rule: "must be a comma list",
    }),
  ],
  [
    ["hypervisor", "qemu", "machine_accelerators"],
    text({ ...plain("hypervisor", "machine_accelerators"), fallback: "" }),
  ],
  [["hypervisor", "qemu", "kernel_params"], text({ ...plain("hypervisor", "kernel_params"), fallback: "" })],
  [
    ["hypervisor", "qemu", "initdata"],
    text({ ...plain("hypervisor", "cc_init_data"), fallback: "", maxLength: 4_194_304 }),
  ],
  [
    ["hypervisor", "qemu", "virtio_fs_cache"],
    choice(["never", "auto"], {
      ...plain("hypervisor", "virtio_fs_cache"),
      fallback: "never",
      synonyms: { none: "never" },
    }),
  ],
  [
    ["hypervisor", "qemu", "path"],
    path({ meaning, fallback: "/q", annotation: { names: [`${h}path`], allowedBy: "valid_hypervisor_paths" } }),
  ],
  [["hypervisor", "qemu", "firmware"], path({ ...plain("hypervisor", "firmware"), fallback: "", optional: true })],
  [
    ["hypervisor", "qemu", "virtio_fs_extra_args"],
    textList({
      meaning,
      fallback: [],
      annotation: { names: [`${h}virtio_fs_extra_args`], never: "is not for pods" },
    }),
  ],
  [
    ["hypervisor", "qemu", "jailer_path"],
    path({
      meaning,
      fallback: "",
      hypervisors: ["firecracker"],
      annotation: { names: [`${h}jailer_path`], allowedBy: "valid_jailer_paths" },
    }),
  ],
  [["hypervisor", "qemu", "prefetch_list_path"], text({ ...plain("hypervisor", "prefetch_files.list"), fallback: "" })],
  [["hypervisor", "qemu", "valid_hypervisor_paths"], textList({ meaning, fallback: [] })],
  [["hypervisor", "qemu", "enable_annotations"], textList({ meaning, fallback: [] })],
  [
    ["hypervisor", "clh", "default_vcpus"],
    decimal({ ...plain("hypervisor", "default_vcpus"), fallback: 1, max: 8, rule: "must be a number of CPUs" }),
  ],
  [["agent", "kata", "kernel_modules"], textList({ ...plain("agent", "kernel_modules"), fallback: [] })],
  [["runtime", "disable_guest_seccomp"], flag({ ...plain("runtime", "disable_guest_seccomp"), fallback: true })],
  [
    ["runtime", "enable_vcpus_pinning"],
    flag({
      meaning,
      fallback: false,
      annotation: { names: ["io.katacontainers.enable_vcpus_pinning", `${config}runtime.enable_vcpus_pinning`] },
    }),
  ],
  [
    ["runtime", "create_container_timeout"],
    integer({ ...plain("runtime", "create_container_timeout"), fallback: 60, min: 1 }),
  ],
];

/** What comes of a pod's annotations for QEMU, with these expressions and allow-lists of the operator. */
export function read(
  annotations: Readonly<Record<string, string>>,
  enabled: readonly string[] = [".*"],
  lists: Readonly<Record<string, readonly string[]>> = {},
): AnnotationReading {
  const allowedPaths = (listKey: string) => lists[listKey] ?? [];
  return readAnnotations(annotations, { hypervisor: "qemu", enabled, allowedPaths, keys });
}

/** Everything that is told, and how much is set. */
export function told(...args: Parameters<typeof read>): { readonly set: number; readonly lines: readonly string[] } {
  const { overrides, assetHashes, findings } = read(...args);
  const lines = findings.map((finding) => `${finding.severity} ${finding.code} ${findingText(finding)}`);
  return { set: overrides.size + assetHashes.size, lines };
}

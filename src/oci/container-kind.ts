import { KataError } from "../base/error.ts";
import type { Annotations } from "./spec.ts";

/** What a container is to its sandbox. */
export type ContainerKind =
  /** A container with a sandbox of its own: ctr, docker, kata-ctl. */
  | { readonly kind: "single" }
  /** The container that stands for a pod: its sandbox has its id. */
  | { readonly kind: "sandbox" }
  /** A workload container of a pod. */
  | { readonly kind: "pod-container"; readonly sandboxId: string };

/** The annotations by which a container manager tells the kinds apart. */
interface Dialect {
  readonly typeKey: string;
  readonly sandboxIdKey: string;
  readonly sandbox: string;
  readonly container: string;
}

const dialects: readonly Dialect[] = [
  {
    typeKey: "io.kubernetes.cri.container-type",
    sandboxIdKey: "io.kubernetes.cri.sandbox-id",
    sandbox: "sandbox",
    container: "container",
  },
  {
    typeKey: "io.kubernetes.cri-o.ContainerType",
    sandboxIdKey: "io.kubernetes.cri-o.SandboxID",
    sandbox: "sandbox",
    container: "container",
  },
  {
    typeKey: "io.kubernetes.docker.type",
    sandboxIdKey: "io.kubernetes.sandbox.id",
    sandbox: "podsandbox",
    container: "container",
  },
];

/**
 * Reads the kind from a container's annotations (containerd's CRI plugin, CRI-O, dockershim). Throws KataError
 * `invalid-argument` for an unknown type and for a workload container without a sandbox id.
 */
export function containerKind(annotations: Annotations): ContainerKind {
  for (const { typeKey, sandboxIdKey, sandbox, container } of dialects) {
    const type = annotations[typeKey];
    if (type === undefined) continue;
    if (type === sandbox) return { kind: "sandbox" };
    if (type !== container) {
      throw new KataError(
        "invalid-argument",
        `Annotation ${typeKey} must be ${sandbox} or ${container}, got ${JSON.stringify(type.slice(0, 80))}`,
        { field: `annotations[${typeKey}]` },
      );
    }
    const sandboxId = annotations[sandboxIdKey];
    if (sandboxId === undefined || sandboxId === "") {
      throw new KataError("invalid-argument", `Annotation ${sandboxIdKey} must name the sandbox of the container`, {
        field: `annotations[${sandboxIdKey}]`,
      });
    }
    return { kind: "pod-container", sandboxId };
  }
  return { kind: "single" };
}

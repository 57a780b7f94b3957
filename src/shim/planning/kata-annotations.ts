import type { Annotations } from "../../oci/spec.ts";

/** The annotations by which a pod asks for configuration; see docs/annotations.md. Whether it gets it, the loader decides. */
export function kataAnnotations(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => name.startsWith("io.katacontainers.")));
}

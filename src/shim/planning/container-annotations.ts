import { KataError } from "../../base/error.ts";
import { containerResources } from "../../config/annotations/container-resources.ts";
import type { MemoryResources, Spec } from "../../oci/spec.ts";

const swapAnnotation = "io.katacontainers.container.resource.swap_in_bytes";
/** What nobody would notice otherwise. */
export const swappinessWarning =
  "io.katacontainers.container.resource.swappiness changes nothing: cgroups of version 2 have no swappiness";

const nothing: MemoryResources = {
  limit: undefined,
  reservation: undefined,
  swap: undefined,
  swappiness: undefined,
  disableOOMKiller: false,
};

/**
 * A container's specification with what its own annotations say about its memory. Throws KataError `invalid-argument` that
 * names the annotation and its rule.
 */
export function withAnnotatedMemory(spec: Spec): Spec {
  const { swappiness, swapBytes, findings } = containerResources(spec.annotations);
  for (const { place, rule, got } of findings) {
    throw wrong(place.kind === "annotation" ? place.name : "", `${rule}; got ${got}`);
  }
  if (swappiness === undefined && swapBytes === undefined) return spec;
  const { resources } = spec.linux;
  const memory = resources?.memory ?? nothing;
  const limit = memory.limit ?? 0n;
  if (swapBytes !== undefined && swapBytes > 0n && (limit <= 0n || swapBytes < limit)) {
    throw wrong(
      swapAnnotation,
      limit <= 0n
        ? "needs a memory limit of the container beside it"
        : `includes memory and must not be below the container's limit of ${limit} bytes; got ${swapBytes}`,
    );
  }
  const annotated = {
    ...memory,
    swap: swapBytes ?? memory.swap,
    swappiness: swappiness === undefined ? memory.swappiness : BigInt(swappiness),
  };
  const { cpu, pids, hugepageLimits = [] } = resources ?? {};
  return { ...spec, linux: { ...spec.linux, resources: { cpu, pids, hugepageLimits, memory: annotated } } };
}

function wrong(name: string, rule: string): KataError {
  return new KataError("invalid-argument", `Annotation ${name} ${rule}`, {
    field: "annotations",
    hint: "Correct the pod's annotations",
  });
}

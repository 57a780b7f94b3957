import type { AnnotationRule } from "./key.ts";

/** What may differ from a plain annotation of the key's own name. */
type More = Omit<AnnotationRule, "names">;

/** `io.katacontainers.config.hypervisor.NAME`. */
export function hypervisorAnnotation(name: string, more: More = {}): AnnotationRule {
  return { names: [`io.katacontainers.config.hypervisor.${name}`], ...more };
}

/** `io.katacontainers.config.agent.NAME`. */
export function agentAnnotation(name: string, more: More = {}): AnnotationRule {
  return { names: [`io.katacontainers.config.agent.${name}`], ...more };
}

/** `io.katacontainers.config.runtime.NAME`. */
export function runtimeAnnotation(name: string, more: More = {}): AnnotationRule {
  return { names: [`io.katacontainers.config.runtime.${name}`], ...more };
}

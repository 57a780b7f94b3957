import { KataError } from "../base/error.ts";
import { capabilityNames } from "./capabilities.ts";
import { bool, type Check, FieldProblem, matching, object, optional, text, withDefault } from "./check.ts";
import { parseJson } from "./json.ts";
import { linuxCheck, resourcesCheck } from "./linux-schema.ts";
import { mountsCheck } from "./mount-schema.ts";
import { annotationMap, hookList, processCheck } from "./process-schema.ts";
import type { Capabilities, Hooks, Linux, Process, Resources, Root, Spec } from "./spec.ts";

const hooks = object<Hooks>({
  prestart: hookList,
  createRuntime: hookList,
  createContainer: hookList,
  startContainer: hookList,
  poststart: hookList,
  poststop: hookList,
});
const noHooks: Hooks = hooks({});
const noLinux: Linux = linuxCheck({});

const specCheck = object<Spec>({
  ociVersion: matching(/^1\.\d{1,4}\.\d{1,4}(?:[-+][\w.+-]{1,64})?$/, "a version 1.x of the runtime specification"),
  process: optional(processCheck),
  root: optional(object<Root>({ path: text, readonly: bool })),
  // sethostname(2): 64 bytes, so characters must be single bytes.
  hostname: withDefault(matching(/^[!-~]{0,64}$/, "at most 64 printable ASCII characters"), ""),
  mounts: mountsCheck,
  hooks: withDefault(hooks, noHooks),
  annotations: annotationMap,
  linux: withDefault(linuxCheck, noLinux),
});

/** A checked document and what is worth a warning: things that the specification tells runtimes to leave out. */
export interface Parsed<T> {
  readonly value: T;
  readonly warnings: readonly string[];
}

/**
 * Reads a config.json. Throws KataError `invalid-argument` whose `field` is the JSON path of the first value that
 * breaks a rule.
 */
export function parseSpec(json: string): Parsed<Spec> {
  const spec = check(specCheck, parseJson(json, "config.json"), "config.json");
  if (spec.process === undefined) return { value: spec, warnings: [] };
  const { value: process, warnings } = knownCapabilities(spec.process);
  return { value: { ...spec, process }, warnings };
}

/** Reads the `process` object that an exec request carries. Throws as `parseSpec` does. */
export function parseProcess(json: string): Parsed<Process> {
  return knownCapabilities(check(processCheck, parseJson(json, "The process to execute"), "process"));
}

/** Reads the resources that an update request carries. Throws as `parseSpec` does. */
export function parseResources(json: string): Resources {
  return check(resourcesCheck, parseJson(json, "The resources to update"), "resources");
}

function check<T>(rule: Check<T>, value: unknown, what: string): T {
  try {
    return rule(value);
  } catch (error) {
    if (!(error instanceof FieldProblem)) throw error;
    const field = error.path === "" ? what : error.path;
    throw new KataError("invalid-argument", `${what}: ${error.path} ${error.message}`.replace(":  ", " "), { field });
  }
}

/**
 * Leaves out capabilities that do not exist, as the specification demands: they cannot be granted, and the container
 * must start nevertheless.
 */
function knownCapabilities(process: Process): Parsed<Process> {
  if (process.capabilities === undefined) return { value: process, warnings: [] };
  const unknown = new Set<string>();
  const known = (names: readonly string[]) =>
    names.filter((name) => {
      if (!capabilityNames.has(name)) unknown.add(name);
      return capabilityNames.has(name);
    });
  const { bounding, effective, inheritable, permitted, ambient } = process.capabilities;
  const capabilities: Capabilities = {
    bounding: known(bounding),
    effective: known(effective),
    inheritable: known(inheritable),
    permitted: known(permitted),
    ambient: known(ambient),
  };
  const warnings = [...unknown].map((name) => `Unknown capability ${JSON.stringify(name.slice(0, 64))} is left out`);
  return { value: { ...process, capabilities }, warnings };
}

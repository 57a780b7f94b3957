import { KataError } from "../../base/error.ts";
import { type Bundle, loadBundle } from "../../oci/bundle.ts";
import { type ContainerKind, containerKind } from "../../oci/container-kind.ts";
import type { Spec } from "../../oci/spec.ts";
import { planRootfs, type RootfsMount, type RootfsSource } from "../../resource/rootfs-plan.ts";
import { planVolumes } from "../../resource/volume-plan.ts";
import { atStage } from "../../sandbox/stages.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { swappinessWarning, withAnnotatedMemory } from "./container-annotations.ts";
import { type PlanningDeps, planSandbox } from "./plan-sandbox.ts";
import type { Note, PlannedContainer, PlannedPlace, TaskPlan, TaskQuestion } from "./planner.ts";
import { factsOfSpec } from "./sandbox-facts.ts";

/** Reads the bundle and, for a container that gets a sandbox of its own, the configuration. Throws KataError. */
export function planTask(deps: PlanningDeps, question: TaskQuestion): TaskPlan {
  const bundle = loadBundle(deps.sys, question.bundle);
  const kind = containerKind(bundle.spec.annotations);
  const spec = kind.kind === "sandbox" ? bundle.spec : withAnnotatedMemory(bundle.spec);
  const own = { id: question.id, bundle: bundle.path, spec };
  const container: PlannedContainer =
    kind.kind === "sandbox" ? { kind: "pod", ...own } : { ...planFiles(deps.sys, question, bundle), ...own };
  return { container, place: planPlace(deps, question, spec, kind), notes: notesOn(question.id, bundle, spec, kind) };
}

function planPlace(deps: PlanningDeps, question: TaskQuestion, spec: Spec, kind: ContainerKind): PlannedPlace {
  if (kind.kind === "pod-container") return { kind: "pod", sandboxId: kind.sandboxId };
  if (kind.kind === "single" && question.podId !== undefined) return { kind: "pod", sandboxId: question.podId };
  const facts = factsOfSpec(deps.sys, spec, kind.kind === "sandbox");
  return { kind: "own", sandbox: planSandbox(deps, question.configPath, facts) };
}

function planFiles(sys: FilesPort, question: TaskQuestion, { spec, rootPath }: Bundle) {
  if (spec.process === undefined) {
    throw new KataError("invalid-argument", "config.json has no process", { field: "process" });
  }
  try {
    const rootfs = planRootfs(sys, rootfsSource(question.rootfs, rootPath));
    return { kind: "guest" as const, rootfs, volumes: planVolumes(sys, spec.mounts) };
  } catch (error) {
    throw atStage("share-rootfs", error);
  }
}

/** The mounts of the request, or without any what config.json names, as Docker has it. */
function rootfsSource(mounts: readonly RootfsMount[], rootPath: string | undefined): RootfsSource {
  if (mounts.length > 0) return { kind: "mounts", mounts };
  if (rootPath === undefined) {
    throw new KataError("invalid-argument", "config.json names no root file system and the request mounts none", {
      field: "root.path",
    });
  }
  return { kind: "directory", path: rootPath };
}

function notesOn(id: string, bundle: Bundle, spec: Spec, kind: ContainerKind): Note[] {
  const warn = (message: string, fields: Note["fields"]): Note => ({
    level: "warn",
    message,
    fields: { container: id, ...fields },
  });
  const notes = bundle.warnings.map((warning) => warn("specification", { warning }));
  if (spec !== bundle.spec && spec.linux.resources?.memory?.swappiness !== undefined) {
    notes.push(warn("specification", { warning: swappinessWarning }));
  }
  for (const point of ["createContainer", "startContainer"] as const) {
    if (spec.hooks[point].length > 0) notes.push(warn("hooks inside of containers are not run", { point }));
  }
  // The program of a pod's own container holds namespaces elsewhere, and here the VM does.
  const program = spec.process?.args[0] ?? "";
  if (kind.kind === "sandbox" && program !== "" && !program.endsWith("/pause")) {
    const message = "the program of the pod's own container is not run";
    notes.push({ level: "info", message, fields: { container: id, program } });
  }
  return notes;
}

import * as native from "kata:native";
import type { RlimitName, SpawnOptions } from "../port/processes.ts";
import { sysError } from "./check.ts";

/** The order of `resources` in native/processes.c. */
export const rlimitNames: readonly RlimitName[] = ["nofile", "core", "memlock", "nproc", "stack", "fsize"];

// The order of `enum step` in native/spawn.c.
const spawnSteps = [
  "arguments",
  "fork",
  "descriptors",
  "session",
  "terminal",
  "cgroup",
  "oom score",
  "netns",
  "mount namespace",
  "cwd",
  "rlimit",
  "user",
  "death signal",
  "exec",
] as const;
const stepUnit = 4096;

/** What a failed step was about, for the error's text. */
function subjectOf(step: string, options: SpawnOptions): string {
  switch (step) {
    case "cwd":
      return `${options.path} in ${options.cwd ?? ""}`;
    case "netns":
      return `${options.path} in ${options.netns ?? ""}`;
    case "cgroup":
      return `${options.path} in ${options.cgroupProcs?.join(", ") ?? ""}`;
    default:
      return options.path;
  }
}

/** Starts a program; see ProcessesPort.spawn. */
export function spawn(options: SpawnOptions): number {
  const request: native.NativeSpawn = {
    path: options.path,
    argv: options.argv,
    env: options.env,
    fds: options.fds ?? [-1, -1, -1],
    newSession: options.newSession ? 1 : 0,
    controllingTerminal: options.controllingTerminal ? 1 : 0,
    newMountNamespace: options.newMountNamespace ? 1 : 0,
  };
  if (options.cwd !== undefined) request.cwd = options.cwd;
  if (options.netns !== undefined) request.netns = options.netns;
  if (options.cgroupProcs !== undefined) request.cgroupProcs = options.cgroupProcs;
  if (options.groups !== undefined) request.groups = options.groups;
  if (options.deathSignal !== undefined) request.deathSignal = options.deathSignal;
  if (options.uid !== undefined) request.uid = options.uid;
  if (options.gid !== undefined) request.gid = options.gid;
  if (options.umask !== undefined) request.umask = options.umask;
  if (options.fixedAddresses === true) request.fixedAddresses = 1;
  if (options.oomScoreAdj !== undefined) request.oomScoreAdj = options.oomScoreAdj;
  if (options.rlimits !== undefined) {
    request.rlimits = options.rlimits.flatMap((limit) => [rlimitNames.indexOf(limit.resource), limit.soft, limit.hard]);
  }
  const result = native.spawn(request);
  if (result >= 0) return result;
  const step = spawnSteps[Math.floor(-result / stepUnit)] ?? "unknown step";
  throw sysError(`spawn (${step})`, -(-result % stepUnit), subjectOf(step, options));
}

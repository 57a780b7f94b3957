import { version } from "../../../base/version.ts";
import type { CommandContext } from "../../context.ts";
import { ociRuntimeSpec } from "../../oci-runtime-spec.ts";
import { askVersion, findProgram } from "../../programs.ts";

/** A program that this one works with. */
export interface FoundProgram {
  readonly name: string;
  readonly path: string;
  /** Its own words; null when it was not asked or did not say. */
  readonly version: string | null;
}

/** The answer of `version --json`. The shape is a contract; fields are only ever added. */
export interface Versions {
  readonly name: string;
  readonly version: string;
  /** Version of the OCI runtime specification that bundles are written in. */
  readonly ociRuntimeSpec: string;
  /** containerd's task API that the shim is driven by. */
  readonly taskApi: string;
  /** The agent's protocol: its protobuf package and its own version number. */
  readonly agentApi: string;
  readonly hypervisors: readonly FoundProgram[];
  readonly tools: readonly FoundProgram[];
}

const hypervisors = ["qemu-system-x86_64", "qemu-system-aarch64", "cloud-hypervisor", "firecracker", "stratovirt"];
const tools = ["skopeo", "umoci"];

/** Collects versions; the programs found are started only when `ask` is set, because that takes a while. */
export async function collectVersions(context: CommandContext, ask: boolean): Promise<Versions> {
  return {
    name: context.program,
    version,
    ociRuntimeSpec,
    taskApi: "containerd.task.v2",
    agentApi: "grpc 0.0.1",
    hypervisors: await find(context, hypervisors, ask),
    tools: await find(context, tools, ask),
  };
}

async function find(context: CommandContext, names: readonly string[], ask: boolean): Promise<FoundProgram[]> {
  const found: FoundProgram[] = [];
  for (const name of names) {
    const path = findProgram(context.sys, name);
    if (path === undefined) continue;
    found.push({ name, path, version: ask ? (await askVersion(context, path)) || null : null });
  }
  return found;
}

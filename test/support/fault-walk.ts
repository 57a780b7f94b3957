import { spawn } from "node:child_process";
import { KataError } from "../../src/base/error.ts";
import type { FailpointName } from "../../src/base/failpoint.ts";
import { ExecProcessRequest } from "../../src/wire/gen/containerd/task/v2/shim.ts";
import { processSpec, type RunningContainer, type ShimHost, shimProgram } from "./shim-host.ts";

/** The request of a container's life in which a failpoint lies. */
export type Step = "create" | "start" | "exec" | "end";

/** Which request passes a point. */
export function stepOf(point: FailpointName): Step {
  if (point.startsWith("stop-")) return "end";
  if (point.startsWith("exec-")) return "exec";
  return point === "container-before-start" || point === "container-started" ? "start" : "create";
}

/** A shim for a new bundle that meets failpoints; its container has a volume, so that it passes all of them. */
export async function prepareFailing(host: ShimHost, id: string, failpoints: string): Promise<RunningContainer> {
  Object.assign(host.env, { KATA_TS_TESTING: "1", KATA_TS_FAILPOINT: failpoints });
  const volume = { destination: "/data", type: "bind", source: host.busybox, options: ["rbind", "ro"] };
  return host.prepare(id, { args: ["sleep", "1000"], spec: { mounts: [volume] } });
}

/** Takes a container through its life, up to the first request that fails. Returns its error, if one did. */
export async function live(
  container: RunningContainer,
  until: Step,
): Promise<{ readonly step: Step; readonly error: KataError } | undefined> {
  const { id, task } = container;
  const steps: Record<Step, () => Promise<unknown>> = {
    create: () => container.create(),
    start: () => task.start({ id, execId: "" }),
    exec: () => startExec(container),
    end: () => container.end(),
  };
  // An exec costs time that the other steps need not spend.
  const names = (["create", "start", "exec", "end"] as const).filter((step) => step !== "exec" || until === "exec");
  for (const step of names.slice(0, names.indexOf(until) + 1)) {
    try {
      await steps[step]();
    } catch (error) {
      return { step, error: KataError.from(error) };
    }
  }
  return undefined;
}

async function startExec({ id, task }: RunningContainer): Promise<void> {
  const value = Buffer.from(JSON.stringify(processSpec(["true"])));
  await task.exec(ExecProcessRequest.create({ id, execId: "x1", spec: { typeUrl: "p", value } }));
  await task.start({ id, execId: "x1" });
}

/** Runs the shim's `delete` beside other things. Returns its exit code, its words and how long it took. */
export function deleteAside(
  host: ShimHost,
  id: string,
): Promise<{ readonly code: number | null; readonly stderr: string; readonly ms: number }> {
  const startedAt = performance.now();
  const flags = ["-namespace", "test", "-address", host.dir, "-id", id, "-bundle", host.bundle(id), "delete"];
  const child = spawn(shimProgram, flags, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr, ms: performance.now() - startedAt }));
  });
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";
import { FakeShim, minimalSpec } from "./testing/fake-shim.ts";

/**
 * What the task API promises, in the simplest words: the state of each container, and the VM's. The container `pod` stands
 * for the pod: nothing of it is in the guest.
 */
interface Model {
  vm: "none" | "running" | "gone";
  readonly containers: Map<string, "created" | "running" | "paused" | "stopped">;
}

const actions = [
  "create",
  "start",
  "exit",
  "kill",
  "terminate",
  "hang-up",
  "exec",
  "pause",
  "resume",
  "delete",
  "state",
  "stats",
] as const;
type Action = (typeof actions)[number];
interface Step {
  readonly action: Action | "lose-vm";
  readonly id: string;
}

const ids = ["pod", "one", "two"];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      action: fc.constantFrom<Action[]>(...actions),
      id: fc.constantFrom(...ids),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ action: "lose-vm", id: "pod" }) },
);

const spec = (id: string) => ({
  ...minimalSpec,
  annotations: {
    "io.kubernetes.cri.container-type": id === "pod" ? "sandbox" : "container",
    "io.kubernetes.cri.sandbox-id": "pod",
  },
});

const statuses = { created: Status.CREATED, running: Status.RUNNING, paused: Status.PAUSED, stopped: Status.STOPPED };

/** Applies a step to the model; returns the error code that the call must end with, undefined for success. */
function expected(model: Model, { action, id }: Step): string | undefined {
  const state = model.containers.get(id);
  const endAll = () => {
    for (const [other, was] of model.containers) if (was !== "stopped") model.containers.set(other, "stopped");
  };
  if (action === "create") {
    if (state !== undefined) return "already-exists";
    if (id === "pod" && model.vm !== "none") return "failed-precondition";
    if (id !== "pod" && model.vm === "none") return "not-found";
    if (id !== "pod" && model.vm === "gone") return "failed-precondition";
    if (id === "pod") model.vm = "running";
    model.containers.set(id, "created");
    return undefined;
  }
  if (action === "lose-vm" || action === "exit") {
    if (action === "lose-vm" ? model.vm !== "running" : state !== "running") return undefined;
    if (action === "exit") model.containers.set(id, "stopped");
    if (action === "lose-vm" || id === "pod") {
      endAll();
      model.vm = "gone";
    }
    return undefined;
  }
  if (state === undefined) return "not-found";
  switch (action) {
    case "start":
      if (state !== "created") return "failed-precondition";
      model.containers.set(id, "running");
      return undefined;
    case "hang-up":
      return state === "stopped" ? "not-found" : undefined;
    case "terminate":
    case "kill":
      if (state === "stopped") return undefined;
      // The programs of this guest survive SIGTERM once they run.
      if (action === "terminate" && id !== "pod" && state !== "created") return undefined;
      model.containers.set(id, "stopped");
      if (id === "pod") {
        endAll();
        model.vm = "gone";
      }
      return undefined;
    case "exec":
      return id === "pod" ? "failed-precondition" : undefined;
    case "stats":
      return id !== "pod" && model.vm === "gone" ? "failed-precondition" : undefined;
    case "pause":
      if (id === "pod" || state !== "running") return "failed-precondition";
      model.containers.set(id, "paused");
      return undefined;
    case "resume":
      if (id === "pod" || state !== "paused") return "failed-precondition";
      model.containers.set(id, "running");
      return undefined;
    case "delete":
      if (state === "running" || state === "paused") return "failed-precondition";
      model.containers.delete(id);
      if (id === "pod") {
        endAll();
        model.vm = "gone";
      }
      return undefined;
    default:
      return undefined;
  }
}

function perform(shim: FakeShim, { action, id }: Step): unknown {
  const { service, guest } = shim;
  const process = { id, execId: "" };
  switch (action) {
    case "create":
      return service.create(shim.bundle(id, spec(id)));
    case "start":
      return service.start(process);
    case "kill":
      return service.kill({ ...process, signal: 9, all: true });
    case "terminate":
      return service.kill({ ...process, signal: 15, all: false });
    case "hang-up":
      return service.kill({ ...process, signal: 1, all: false });
    case "exec":
      return service.exec(shim.execRequest(id, "x"));
    case "stats":
      return service.stats({ id });
    case "pause":
      return service.pause({ id });
    case "resume":
      return service.resume({ id });
    case "delete":
      return service.delete(process);
    case "state":
      return service.state(process);
    case "exit":
      return guest.process(id).exit(0);
    case "lose-vm":
      return shim.backends.killVm();
    default:
      return action satisfies never;
  }
}

test("any sequence of requests goes as the model says, ends every process once, and leaves nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (random) => {
      // Few random sequences would get far by themselves.
      const steps: Step[] = [{ action: "create", id: "pod" }, ...random];
      const shim = new FakeShim();
      shim.backends.bootMs = 20;
      const model: Model = { vm: "none", containers: new Map() };
      for (const next of steps) {
        const before = model.containers.get(next.id);
        const vmBefore = model.vm;
        if (next.action === "exit" && (before !== "running" || next.id === "pod")) continue;
        if (next.action === "exec" && next.id !== "pod") continue;
        if (next.action === "lose-vm" && vmBefore !== "running") continue;
        const code = expected(model, next);
        const outcome = await shim.run((async () => perform(shim, next))()).then(
          () => undefined,
          (error: unknown) => KataError.from(error).code,
        );
        expect(outcome, JSON.stringify(next)).toBe(code);
        await shim.loop.advance(400);
        for (const [id, state] of model.containers) {
          expect(shim.service.state({ id, execId: "" }).status, `${id} after ${JSON.stringify(next)}`).toBe(
            statuses[state],
          );
        }
        if (model.vm !== "running") expect(shim.leftovers()).toEqual([]);
      }
      const exits = shim.published.filter((event) => event.startsWith("exit"));
      const starts = shim.published.filter((event) => event.startsWith("start"));
      for (const id of ids) {
        const count = (events: readonly string[], event: string) => events.filter((other) => other === event).length;
        expect(count(exits, `exit ${id} ${id}`)).toBeLessThanOrEqual(count(shim.published, `create ${id}`));
        expect(count(starts, `start ${id}`)).toBeLessThanOrEqual(count(shim.published, `create ${id}`));
      }
      expect(shim.loop.faults).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 60_000);

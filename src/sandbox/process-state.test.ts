import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextState, type ProcessEvent, type ProcessState } from "./process-state.ts";

const exit = { code: 3, atMs: 1 };
const kinds = ["start", "started", "pause", "paused", "pause-failed", "resumed"] as const;
const event: fc.Arbitrary<ProcessEvent> = fc.oneof(
  fc.constantFrom(...kinds).map((kind): ProcessEvent => ({ kind })),
  fc.integer({ min: 0, max: 255 }).map((code): ProcessEvent => ({ kind: "ended", exit: { code, atMs: 1 } })),
);

/** The same machine, written as the list of what is allowed. */
const allowed: Readonly<Record<string, string>> = {
  "created start": "starting",
  "starting started": "running",
  "running pause": "pausing",
  "pausing paused": "paused",
  "pausing pause-failed": "running",
  "paused resumed": "running",
};

describe("nextState()", () => {
  test("goes through a life", () => {
    let state: ProcessState = { kind: "created" };
    const seen: string[] = [];
    for (const kind of ["start", "started", "pause", "paused", "resumed"] as const) {
      state = nextState(state, { kind }, "It");
      seen.push(state.kind);
    }
    expect(seen).toEqual(["starting", "running", "pausing", "paused", "running"]);
    expect(nextState(state, { kind: "ended", exit }, "It")).toEqual({ kind: "stopped", exit });
  });

  test("agrees with the list of allowed steps, whatever happens in whatever order", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let state: ProcessState = { kind: "created" };
        let firstExit: number | undefined;
        for (const next of events) {
          const before = state;
          let failed = false;
          try {
            state = nextState(state, next, "It");
          } catch {
            failed = true;
          }
          if (next.kind === "ended") {
            firstExit ??= next.exit.code;
            expect(failed).toBe(false);
            expect(state).toEqual({ kind: "stopped", exit: { code: firstExit, atMs: 1 } });
            continue;
          }
          const to = allowed[`${before.kind} ${next.kind}`];
          const lateReport = before.kind === "stopped" && !["start", "pause"].includes(next.kind);
          expect(failed).toBe(to === undefined && !lateReport);
          expect(state.kind).toBe(to ?? before.kind);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("says what would be needed", () => {
    expect(() => nextState({ kind: "created" }, { kind: "pause" }, "Container web")).toThrow(
      "Container web must be running to be paused, it is created",
    );
    expect(() => nextState({ kind: "running" }, { kind: "start" }, "Container web")).toThrow(
      "Container web must be created to be started, it is running",
    );
  });
});

import { expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { Logger, type LogRecord } from "../base/logger.ts";
import { FakeClock } from "../wire/testing/fake-clock.ts";
import type { Caller } from "../wire/ttrpc/create-client.ts";
import { CallTarget } from "../wire/ttrpc/pending-call.ts";
import { logCalls } from "./call-log.ts";

/** Calls that settle when they are told to, and the log of what became of them. */
function setUp() {
  const clock = new FakeClock();
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "trace" });
  let settle: (outcome: KataError | "answered") => void = () => undefined;
  const calls: Caller = {
    call: (_target, _payload, _options, decode) =>
      new Promise((resolve, reject) => {
        settle = (outcome) => (outcome === "answered" ? resolve(decode(new Uint8Array([7]))) : reject(outcome));
      }),
    openStream: () => {
      throw new Error("not opened here");
    },
  };
  const logged = logCalls(calls, { clock, logger });
  const call = (method: string) =>
    logged.call(new CallTarget("grpc.AgentService", method), [], {}, (payload) => payload[0]);
  return { clock, records, call, settle: (outcome: KataError | "answered") => settle(outcome) };
}

test("a call is logged when it is answered, with its time", async () => {
  const { clock, records, call, settle } = setUp();
  const answer = call("CreateContainer");
  clock.advance(250);
  expect(records).toEqual([]);
  settle("answered");
  expect(await answer).toBe(7);
  expect(records).toMatchObject([
    { level: "debug", message: "agent call", fields: { method: "CreateContainer", ms: "250.0", error: undefined } },
  ]);
});

test("a call that fails is logged with its error, and fails as before", async () => {
  const { records, call, settle } = setUp();
  const answer = call("StartContainer");
  const error = new KataError("not-found", "No such container");
  settle(error);
  await expect(answer).rejects.toBe(error);
  expect(records).toMatchObject([{ level: "debug", fields: { method: "StartContainer", error } }]);
});

test("what comes all the time is for the level trace", async () => {
  const { records, call, settle } = setUp();
  const answer = call("ReadStdout");
  settle("answered");
  await answer;
  expect(records.map((record) => record.level)).toEqual(["trace"]);
});

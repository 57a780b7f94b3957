import { describe, expect, test } from "vitest";
import type { ByteStream } from "../base/byte-stream.ts";
import { CancelSource } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import { Logger, type LogRecord } from "../base/logger.ts";
import type { AgentChannels } from "../hypervisor/hypervisor.ts";
import { createFakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { healthService } from "../wire/services/agent.ts";
import { memoryStreamPair } from "../wire/testing/memory-stream.ts";
import { TtrpcServer } from "../wire/ttrpc/server.ts";
import { forward } from "./agent-log.ts";
import { dialAgent } from "./dial.ts";

const channels: AgentChannels = {
  agent: { kind: "port", path: "/run/vc/vm/s/agent.sock" },
  log: undefined,
  debugConsole: undefined,
};

function setUp() {
  const clock = new FakeLoop(createFakeSys());
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "trace" });
  const server = new TtrpcServer({ clock, logger });
  server.register(healthService, {
    check: async () => ({ status: 1 }),
    version: async () => ({ grpcVersion: "0.0.1", agentVersion: "test" }),
  });
  return { clock, logger, server, records, cancel: new CancelSource() };
}

/** Lets promise jobs and due timers run until `promise` settles. */
async function settle<T>(clock: FakeLoop, promise: Promise<T>, stepMs = 10): Promise<T> {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  for (let step = 0; step < 10_000 && !done; step++) {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    if (!done) await clock.advance(stepMs);
  }
  return promise;
}

describe("dialAgent()", () => {
  test("retries while nothing listens and resolves with the first answer", async () => {
    const { clock, logger, server, cancel } = setUp();
    let tries = 0;
    const open = async (): Promise<ByteStream> => {
      tries++;
      if (tries < 5) throw new KataError("unavailable", "Nobody listens");
      const [here, there] = memoryStreamPair();
      server.serve(there);
      return here;
    };
    const connection = await settle(
      clock,
      dialAgent({ open, clock, logger }, channels, { timeoutMs: 5000, signal: cancel.signal }),
    );
    expect(tries).toBe(5);
    const version = await settle(clock, connection.health.version({ service: "" }));
    expect(version.agentVersion).toBe("test");
    connection.close();
    await settle(clock, connection.closed);
  });

  test("gives up at the deadline with the last refusal as cause", async () => {
    const { clock, logger, cancel } = setUp();
    const refusal = new KataError("unavailable", "Nobody listens");
    const open = () => Promise.reject(refusal);
    const dialled = dialAgent({ open, clock, logger }, channels, { timeoutMs: 2000, signal: cancel.signal });
    await expect(settle(clock, dialled)).rejects.toMatchObject({
      code: "deadline-exceeded",
      message: "The agent did not answer within 2 s on virtio-serial port /run/vc/vm/s/agent.sock",
      cause: refusal,
    });
  });

  test("ends at once when it is cancelled, also while the agent is silent", async () => {
    const { clock, logger, cancel } = setUp();
    const open = async () => memoryStreamPair()[0];
    const dialled = dialAgent({ open, clock, logger }, channels, { timeoutMs: 60_000, signal: cancel.signal });
    const startedAt = clock.nowMs();
    const reason = new KataError("unavailable", "The VMM is gone");
    clock.setTimer(100, () => cancel.cancel(reason));
    await expect(settle(clock, dialled)).rejects.toBe(reason);
    expect(clock.nowMs() - startedAt).toBeLessThan(500);
  });
});

test("dialAgent() tries again when an opening is lost, with more patience each time", async () => {
  const { clock, logger, server, cancel } = setUp();
  const timeouts: number[] = [];
  const open = (_address: unknown, { timeoutMs }: { readonly timeoutMs: number }): Promise<ByteStream> => {
    timeouts.push(timeoutMs);
    if (timeouts.length <= 3) {
      const lost = new KataError("deadline-exceeded", "No answer");
      return new Promise((_resolve, reject) => clock.setTimer(timeoutMs, () => reject(lost)));
    }
    const [here, there] = memoryStreamPair();
    server.serve(there);
    return Promise.resolve(here);
  };
  const options = { timeoutMs: 30_000, signal: cancel.signal };
  const connection = await settle(clock, dialAgent({ open, clock, logger }, channels, options));
  expect(timeouts).toEqual([250, 500, 1000, 2000]);
  connection.close();
});

describe("forward()", () => {
  const collect = (...lines: string[]) => {
    const { logger, records } = setUp();
    for (const line of lines) forward(logger, line);
    return records.map(({ level, message, fields }) => ({ level, message, fields }));
  };

  test("maps levels and keeps the fields that say something", () => {
    expect(collect('{"msg":"mounted","level":"DEBG","ts":"x","name":"kata-agent","target":"/run"}')).toEqual([
      { level: "debug", message: "mounted", fields: { target: "/run" } },
    ]);
  });

  test("shows lines that are no record, and cuts what is too long", () => {
    expect(collect("panic: boom", "", "[1]", `{"msg":"${"x".repeat(5000)}"}`)).toEqual([
      { level: "info", message: "agent output", fields: { line: "panic: boom" } },
      { level: "info", message: "agent output", fields: { line: "[1]" } },
      { level: "info", message: "x".repeat(1024), fields: {} },
    ]);
  });

  test("takes odd keys and values for what they are", () => {
    const [record] = collect('{"msg":{"a":1},"level":"???","__proto__":{"x":1},"bad key":"v","n":3}');
    expect(record).toEqual({ level: "info", message: '{"a":1}', fields: { n: "3" } });
  });
});

import { describe, expect, test } from "vitest";
import type { ByteStream } from "../base/byte-stream.ts";
import { CancelSource } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import { Logger, type LogRecord } from "../base/logger.ts";
import { createFakeSys } from "../sys/fake.ts";
import { FakeLoop } from "../sys/fake-loop.ts";
import { unpackAny } from "../wire/any.ts";
import { TaskExit, TaskStart } from "../wire/gen/containerd/events/task.ts";
import type { Envelope } from "../wire/gen/containerd/types/event.ts";
import { eventsService } from "../wire/services/events.ts";
import { type MemoryStream, memoryStreamPair } from "../wire/testing/memory-stream.ts";
import { TtrpcServer } from "../wire/ttrpc/server.ts";
import { EventPublisher } from "./events.ts";

function setUp(answer: (envelope: Envelope) => Promise<void> = async () => {}) {
  const loop = new FakeLoop(createFakeSys());
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "info" });
  const received: Envelope[] = [];
  const streams: MemoryStream[] = [];
  const connect = async (): Promise<ByteStream> => {
    const [here, there] = memoryStreamPair();
    const server = new TtrpcServer({ clock: loop, logger });
    server.register(eventsService, {
      async forward({ envelope }) {
        if (envelope !== undefined) {
          await answer(envelope);
          received.push(envelope);
        }
        return {};
      },
    });
    server.serve(there);
    streams.push(there);
    return here;
  };
  const events = new EventPublisher({ clock: loop, logger, connect }, { namespace: "k8s.io" });
  return { loop, events, received, streams, records, logger, connect };
}

const start = (id: string) => ({ containerId: id, pid: 1 });

describe("EventPublisher", () => {
  test("sends events in order, in containerd's form", async () => {
    const { loop, events, received } = setUp();
    for (let i = 0; i < 5; i++) void events.publish("/tasks/start", TaskStart, start(`c${i}`));
    const done = events.publish("/tasks/exit", TaskExit, {
      containerId: "c0",
      id: "c0",
      pid: 1,
      exitStatus: 3,
      exitedAt: undefined,
    });
    await loop.advance(100);
    await done;
    expect(received.map(({ topic }) => topic)).toEqual([...Array(5).fill("/tasks/start"), "/tasks/exit"]);
    expect(received[0]).toMatchObject({ namespace: "k8s.io", event: { typeUrl: "containerd.events.TaskStart" } });
    const last = received.at(-1)?.event;
    expect(last && unpackAny(last, TaskExit).exitStatus).toBe(3);
  });

  test("connects anew when containerd was restarted", async () => {
    const { loop, events, received, streams } = setUp();
    void events.publish("/tasks/start", TaskStart, start("one"));
    await loop.advance(10);
    streams[0]?.close();
    await loop.advance(10);
    void events.publish("/tasks/start", TaskStart, start("two"));
    await loop.advance(10);
    expect(received.length).toBe(2);
    expect(streams.length).toBe(2);
  });

  test("one that hangs is waited for 2 s in all, by whoever publishes or ends", async () => {
    let hanging = true;
    const { loop, events, received, records } = setUp(async () => {
      if (hanging) await new Promise(() => {});
    });
    const startedAt = loop.nowMs();
    let waitedMs = 0;
    const all = ["one", "two", "three"].map((id) => events.publish("/tasks/start", TaskStart, start(id)));
    const waited = Promise.all([...all, events.flush()]).then(() => {
      waitedMs = loop.nowMs() - startedAt;
    });
    await loop.advance(3000);
    await waited;
    expect(waitedMs).toBe(2000);
    // From then on it takes no time at all.
    await events.publish("/tasks/start", TaskStart, start("four"));
    await events.flush();
    expect(loop.nowMs() - startedAt).toBe(3000);
    expect(records.map(({ message }) => message)).toEqual(["containerd is away: its events wait"]);
    hanging = false;
    await loop.advance(20_000);
    expect(received.map(({ event }) => event && unpackAny(event, TaskStart).containerId)).toEqual([
      "two",
      "three",
      "four",
    ]);
    // It is there again: it is waited for.
    let done = false;
    void events.publish("/tasks/start", TaskStart, start("five")).then(() => {
      done = true;
    });
    expect(done).toBe(false);
    await loop.advance(10);
    expect(done).toBe(true);
  });

  test("one that hangs holds up the next for 5 s at most; errors are logged and forgotten", async () => {
    let calls = 0;
    const { loop, events, received, records } = setUp(async () => {
      if (++calls === 1) await new Promise(() => {});
      if (calls === 2) throw new KataError("unavailable", "not now");
    });
    for (const id of ["one", "two", "three"]) void events.publish("/tasks/start", TaskStart, start(id));
    await loop.advance(4000);
    expect(received.length).toBe(0);
    await loop.advance(2000);
    await events.flush();
    expect(received.length).toBe(2);
    expect(records.map(({ message }) => message)).toEqual([
      "containerd is away: its events wait",
      "containerd did not take an event",
    ]);
  });

  test("one that is away for 30 s gets all events later, in order, and nobody waits for it", async () => {
    const { loop, received, records, logger, connect } = setUp();
    let away = true;
    const events = new EventPublisher(
      { clock: loop, logger, connect: () => (away ? Promise.reject(new Error("ECONNREFUSED")) : connect()) },
      { namespace: "n" },
    );
    for (const id of ["one", "two"]) {
      const published = events.publish("/tasks/start", TaskStart, start(id));
      await loop.advance(10);
      await published;
    }
    await loop.advance(30_000);
    expect(received).toEqual([]);
    void events.publish("/tasks/start", TaskStart, start("three"));
    away = false;
    await loop.advance(1000);
    expect(received.map(({ event }) => event && unpackAny(event, TaskStart).containerId)).toEqual([
      "one",
      "two",
      "three",
    ]);
    expect(records.map(({ message }) => message)).toEqual(["containerd is away: its events wait"]);
  });

  test("one that stays away loses what is old, and what is too much", async () => {
    const { loop, records, logger } = setUp();
    const gone = () => Promise.reject(new Error("ECONNREFUSED"));
    const events = new EventPublisher({ clock: loop, logger, connect: gone }, { namespace: "n" });
    for (let i = 0; i < 1025; i++) void events.publish("/tasks/start", TaskStart, start(`c${i}`));
    await loop.advance(10);
    await events.flush();
    await loop.advance(61_000);
    const messages = records.map(({ message }) => message);
    expect(messages.filter((message) => message.includes("too many"))).toHaveLength(1);
    expect(messages.filter((message) => message === "an event is lost: containerd is away")).toHaveLength(1024);
  });

  test("whoever follows gets every event from then on, in order, until it leaves", async () => {
    const { logger, loop } = setUp();
    const events = new EventPublisher({ clock: loop, logger, connect: undefined }, { namespace: "n" });
    const source = new CancelSource();
    await events.publish("/tasks/start", TaskStart, start("before"));
    const follower = events.follow(source.signal)[Symbol.asyncIterator]();
    for (const id of ["one", "two"]) await events.publish("/tasks/start", TaskStart, start(id));
    for (const id of ["one", "two"]) {
      const { value } = await follower.next();
      expect(value).toMatchObject({ namespace: "n", topic: "/tasks/start" });
      expect(unpackAny(value.event, TaskStart).containerId).toBe(id);
    }
    source.cancel();
    await events.publish("/tasks/start", TaskStart, start("after"));
    expect(await follower.next()).toMatchObject({ done: true });
    // One that comes too late leaves at once.
    expect(await events.follow(source.signal)[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  });

  test("a follower that reads nothing is cut off, and nobody waits for it", async () => {
    const { logger, loop } = setUp();
    const events = new EventPublisher({ clock: loop, logger, connect: undefined }, { namespace: "n" });
    const follower = events.follow(new CancelSource().signal)[Symbol.asyncIterator]();
    for (let i = 0; i < 1100; i++) await events.publish("/tasks/start", TaskStart, start(`c${i}`));
    for (let i = 0; i < 1024; i++) expect((await follower.next()).done).toBe(false);
    await expect(follower.next()).rejects.toMatchObject({ code: "resource-exhausted" });
  });

  test("without a receiver nothing is sent", async () => {
    const { loop, logger } = setUp();
    const events = new EventPublisher({ clock: loop, logger, connect: undefined }, { namespace: "n" });
    await events.publish("/tasks/start", TaskStart, start("one"));
    await events.flush();
  });
});

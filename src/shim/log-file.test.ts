import { describe, expect, test } from "vitest";
import { utf8Decode } from "../base/bytes.ts";
import type { LogRecord } from "../base/logger.ts";
import { createFakeSys } from "../sys/fake.ts";
import { LogFile } from "./log-file.ts";

const record = (message: string): LogRecord => ({ level: "info", wallMs: 0, message, fields: { sandbox: "web" } });

describe("LogFile", () => {
  test("writes lines that containerd reads", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    const log = new LogFile(sys, "/b/log");
    log.sink(record("hello world"));
    expect(sys.readText("/b/log")).toBe(
      'time="1970-01-01T00:00:00.000000000Z" level=info msg="hello world" sandbox=web\n',
    );
  });

  test("keeps lines until somebody reads the FIFO", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    sys.mkfifo("/b/log", 0o600);
    const stop = sys.fake.fail("open", "ENXIO");
    const log = new LogFile(sys, "/b/log");
    log.sink(record("one"));
    stop();
    const reader = sys.open("/b/log", { nonBlocking: true });
    log.sink(record("two"));
    const buffer = new Uint8Array(1000);
    const text = utf8Decode(buffer.subarray(0, sys.read(reader, buffer)));
    expect(text.split("\n").map((line) => /msg=(\w+)/.exec(line)?.[1])).toEqual(["one", "two", undefined]);
  });

  /** Messages of the log's lines, with what they say was dropped. */
  const told = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => line.replace(/^.* msg=(\w+) sandbox=web/, "$1"));

  test("without a reader keeps the last 64 lines, and says once how many are missing", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    sys.mkfifo("/b/log", 0o600);
    const stop = sys.fake.fail("open", "ENXIO");
    const log = new LogFile(sys, "/b/log");
    for (let i = 0; i < 1000; i++) log.sink(record(`m${i}`));
    stop();
    const reader = sys.open("/b/log", { nonBlocking: true });
    log.sink(record("m1000"));
    const buffer = new Uint8Array(1 << 20);
    const lines = told(utf8Decode(buffer.subarray(0, sys.read(reader, buffer))));
    expect(lines).toEqual([`m936 dropped=936`, ...Array.from({ length: 64 }, (_, i) => `m${937 + i}`)]);
  });

  test("keeps lines while the reader is away, for the next one", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    const log = new LogFile(sys, "/b/log");
    log.sink(record("one"));
    const stop = sys.fake.fail("write", "EPIPE");
    for (const message of ["two", "three"]) log.sink(record(message));
    stop();
    log.sink(record("four"));
    expect(told(sys.readText("/b/log"))).toEqual(["one", "two", "three", "four"]);
    expect(sys.fake.openDescriptors).toHaveLength(1);
  });

  test("counts what a full disk has no room for", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    const log = new LogFile(sys, "/b/log");
    const stop = sys.fake.fail("write", "ENOSPC");
    for (const message of ["one", "two"]) log.sink(record(message));
    stop();
    for (const message of ["three", "four"]) log.sink(record(message));
    expect(told(sys.readText("/b/log"))).toEqual(["three dropped=2", "four"]);
  });

  test("drops lines rather than wait for a slow reader, and says how many", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    sys.mkfifo("/b/log", 0o600);
    const reader = sys.open("/b/log", { nonBlocking: true });
    const log = new LogFile(sys, "/b/log");
    for (let i = 0; i < 3000; i++) log.sink(record("x".repeat(100)));
    const buffer = new Uint8Array(1 << 20);
    sys.read(reader, buffer);
    log.sink(record("after"));
    expect(utf8Decode(buffer.subarray(0, sys.read(reader, buffer)))).toMatch(/msg=after sandbox=web dropped=\d{3,}/);
  });

  test("cuts records to what a FIFO takes as a whole", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    const log = new LogFile(sys, "/b/log");
    log.sink({ ...record("x".repeat(5000)), fields: { sandbox: "web", error: new Error("ü".repeat(9000)) } });
    const line = sys.readText("/b/log");
    expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(4096);
    expect(line).toMatch(/^time="[^"]+" level=info msg=x+\.\.\. sandbox=web error="ü+\.\.\."\n$/);
  });

  test("never throws", () => {
    const sys = createFakeSys();
    sys.fake.addDirectory("/b");
    const log = new LogFile(sys, "/b/log");
    sys.fake.fail("write", "ENOSPC");
    log.sink(record("one"));
    new LogFile(sys, "/none/log").sink(record("two"));
  });
});

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

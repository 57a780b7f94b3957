import { describe, expect, test } from "vitest";
import { utf8Encode } from "../../base/bytes.ts";
import { Logger, type LogRecord } from "../../base/logger.ts";
import { createFakeSys } from "../../sys/fake.ts";
import { BoundedLog } from "./bounded-log.ts";

function setUp(maxBytes: number) {
  const sys = createFakeSys();
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "debug" });
  return { sys, records, log: new BoundedLog({ sys, logger }, { path: "/run/x.log", maxBytes }) };
}

describe("BoundedLog", () => {
  test("keeps everything below its limit, for the owner only", () => {
    const { sys, log } = setUp(100);
    log.write(utf8Encode("one\n"), () => []);
    log.write(utf8Encode("two\n"), () => []);
    log.close();
    expect(sys.readText("/run/x.log")).toBe("one\ntwo\n");
    expect(sys.stat("/run/x.log").mode).toBe(0o600);
    expect(sys.fake.openDescriptors).toEqual([]);
  });

  test("starts over with the recent lines instead of growing", () => {
    const { sys, log } = setUp(100);
    for (let i = 0; i < 1000; i++) {
      log.write(utf8Encode(`line ${i}\n`), () => [`line ${i - 1}`]);
      expect(sys.stat("/run/x.log").size).toBeLessThanOrEqual(100);
    }
    expect(sys.readText("/run/x.log")).toMatch(/^\[earlier output was dropped\]\nline \d+\n(line \d+\n)*line 999\n$/);
    log.write(new Uint8Array(5000).fill(0x78), () => ["y".repeat(5000)]);
    expect(sys.stat("/run/x.log").size).toBeLessThanOrEqual(100);
  });

  test("gives up quietly when the disk is full", () => {
    const { sys, log, records } = setUp(100);
    sys.fake.fail("write", "ENOSPC");
    log.write(utf8Encode("one\n"), () => []);
    log.write(utf8Encode("two\n"), () => []);
    expect(records.map(({ message }) => message)).toEqual(["cannot write a log"]);
    expect(sys.fake.openDescriptors).toEqual([]);
  });
});

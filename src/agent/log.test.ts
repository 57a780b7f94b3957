import { describe, expect, test } from "vitest";
import { utf8Decode } from "../base/bytes.ts";
import { KataError } from "../base/error.ts";
import { Logger } from "../base/logger.ts";
import { AgentLog, LogBuffer } from "./log.ts";

function setUp(verbose = false) {
  const console: string[] = [];
  const log = new AgentLog({ console: (text) => console.push(text) }, { version: "1", pid: 1, verbose });
  return { console, log, logger: new Logger({ sink: log.sink, wallMs: () => 0 }, { level: "debug" }) };
}

describe("AgentLog", () => {
  test("keeps records until the channel is read, as JSON lines", () => {
    const { console, log, logger } = setUp();
    logger.info("container started", { container: "c1", msg: "shadow" });
    const lines: string[] = [];
    log.attach((line) => lines.push(utf8Decode(line)));
    logger.debug("later");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        msg: "container started",
        level: "INFO",
        container: "c1",
        ts: "1970-01-01T00:00:00.000Z",
      }),
      expect.objectContaining({ msg: "later", level: "DEBG" }),
    ]);
    expect(console).toEqual([]);
  });

  test("puts warnings with their cause chain on the console in one line", () => {
    const { console, logger } = setUp();
    const error = new KataError("internal", "outer\nline", { cause: new Error("inner") });
    logger.warn("storage not mounted", { error });
    expect(console).toEqual(["kata-agent: warn: storage not mounted error=internal: outer line: inner\n"]);
  });

  test("puts everything on the console when verbose and nobody reads the channel", () => {
    const { console, log, logger } = setUp(true);
    logger.debug("early");
    const detach = log.attach(() => undefined);
    logger.debug("read");
    logger.warn("bad");
    detach();
    logger.debug("late");
    expect(console).toEqual(["kata-agent: debug: early\n", "kata-agent: warn: bad\n", "kata-agent: debug: late\n"]);
  });

  test("a detached writer gets nothing more", () => {
    const { log, logger } = setUp();
    const lines: Uint8Array[] = [];
    const detach = log.attach((line) => lines.push(line));
    detach();
    logger.info("x");
    expect(lines).toEqual([]);
  });
});

describe("LogBuffer", () => {
  test("drops the oldest lines and says how many", () => {
    const buffer = new LogBuffer(10);
    for (const line of ["aaaa\n", "bbbb\n", "cccc\n"]) buffer.push(line);
    const lines = buffer.take().map(utf8Decode);
    expect(lines[0]).toContain('"count":"1"');
    expect(lines.slice(1)).toEqual(["bbbb\n", "cccc\n"]);
    expect(buffer.take()).toEqual([]);
  });

  test("keeps one line that is larger than the limit", () => {
    const buffer = new LogBuffer(4);
    buffer.push("a long line\n");
    expect(buffer.take()).toHaveLength(1);
  });
});

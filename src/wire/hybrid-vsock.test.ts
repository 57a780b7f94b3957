import { describe, expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { CancelSource } from "../base/cancel.ts";
import { causeChain, KataError } from "../base/error.ts";
import { HandshakeParser, hybridVsockHandshake } from "./hybrid-vsock.ts";
import { caught } from "./testing/caught.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { fuzz } from "./testing/fuzz.ts";
import { memoryStreamPair } from "./testing/memory-stream.ts";

function setUp(chunkBytes = 65536, options = {}) {
  const clock = new FakeClock();
  const [near, far] = memoryStreamPair({ chunkBytes });
  let heard = "";
  let farClosed = false;
  far.start({ data: (chunk) => (heard += utf8Decode(chunk)), close: () => (farClosed = true) });
  const shaking = hybridVsockHandshake(near, 1024, { clock }, options);
  return { clock, near, far, shaking, heard: () => heard, farClosed: () => farClosed };
}

describe("HandshakeParser", () => {
  test("tells where the next protocol begins, however the bytes are cut", () => {
    const bytes = utf8Encode("OK 1073741824\nrest");
    for (let at = 0; at <= bytes.length; at++) {
      const parser = new HandshakeParser();
      const first = parser.push(bytes.subarray(0, at));
      if (first !== undefined) expect(utf8Decode(bytes.subarray(first, at))).toBe("rest".slice(0, at - 14));
      else expect(parser.push(bytes.subarray(at))).toBe(14 - at);
    }
  });

  test.each(["KO 1\n", "OK\n", "OK x\n", "OK 99999999999\n", "\n", `OK ${"1".repeat(70)}`, "ok 1\n", "OK 1 2\n"])(
    "refuses %j",
    (text) => {
      expect(() => new HandshakeParser().push(utf8Encode(text))).toThrow(KataError);
    },
  );

  test("takes a line that ends in CR LF", () => {
    expect(new HandshakeParser().push(utf8Encode("OK 3\r\n"))).toBe(6);
  });

  test("survives mutated input, and the cut never changes the result", () => {
    const outcome = (chunks: readonly Uint8Array[]) => {
      const parser = new HandshakeParser();
      let before = 0;
      for (const chunk of chunks) {
        let taken: number | undefined;
        try {
          taken = parser.push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(KataError);
          return "refused";
        }
        if (taken !== undefined) return before + taken;
        before += chunk.length;
      }
      return "waiting";
    };
    fuzz(
      { corpus: [utf8Encode("OK 1024\n"), utf8Encode("OK 5\nbytes")], tokens: [Uint8Array.of(10)], runs: 3000 },
      (chunks) => {
        expect(outcome(chunks)).toBe(outcome([concatBytes(chunks)]));
      },
    );
  });
});

describe("hybridVsockHandshake", () => {
  test.each([1, 5, 65536])("asks for the port and passes on what follows, %d bytes at a time", async (chunkBytes) => {
    const { far, shaking, heard, clock } = setUp(chunkBytes);
    far.write(utf8Encode("OK 1024\nhello"));
    const stream = await shaking;
    far.write(utf8Encode(" world"));
    await settle();
    let got = "";
    let closed = 0;
    stream.start({ data: (chunk) => (got += utf8Decode(chunk)), close: () => closed++ });
    expect(got).toBe("");
    stream.write(utf8Encode("ping"));
    far.write(utf8Encode("!"));
    for (let i = 0; i < 5; i++) await settle();
    expect([got, heard(), clock.pendingTimers]).toEqual(["hello world!", "CONNECT 1024\nping", 0]);
    far.end();
    await settle();
    expect(closed).toBe(1);
  });

  test("reads nothing on until the next protocol starts, and respects its pauses", async () => {
    const { far, near, shaking } = setUp();
    far.write(utf8Encode("OK 1024\nfirst"));
    const stream = await shaking;
    expect(near.isPaused).toBe(true);
    const got: string[] = [];
    stream.start({
      data: (chunk) => {
        got.push(utf8Decode(chunk));
        stream.pause();
      },
      close: () => got.push("closed"),
    });
    far.write(utf8Encode("second"));
    await settle();
    expect(got).toEqual(["first"]);
    stream.resume();
    await settle();
    expect(got).toEqual(["first", "second"]);
    far.end();
    stream.resume();
    await settle();
    expect(got).toEqual(["first", "second", "closed"]);
  });

  test("closes the stream when the next protocol throws on what was held", async () => {
    const { far, shaking, farClosed } = setUp();
    far.write(utf8Encode("OK 1\nx"));
    const stream = await shaking;
    let reason: Error | undefined;
    stream.start({
      data: () => {
        throw new Error("bad magic");
      },
      close: (error) => (reason = error),
    });
    await settle();
    expect([reason?.message, farClosed()]).toEqual(["bad magic", true]);
  });

  test.each([
    ["the stream ends", "", "The VMM closed the connection to hybrid vsock port 1024"],
    ["the stream ends inside the answer", "OK 10", "The VMM closed the connection to hybrid vsock port 1024"],
    ["the answer is another one", "ERR no\n", 'The VMM answered "ERR no" instead of OK'],
  ])("fails with `unavailable` when %s, and closes", async (_what, bytes, message) => {
    const { far, shaking, farClosed } = setUp();
    far.write(utf8Encode(bytes));
    far.end();
    const error = await caught(shaking);
    expect(error.code).toBe("unavailable");
    expect(causeChain(error)).toContain(message);
    await settle();
    expect(farClosed()).toBe(true);
  });

  test("keeps the error of a connection that is reset", async () => {
    const { near, shaking } = setUp();
    near.close(new Error("ECONNRESET"));
    expect(causeChain(await caught(shaking))).toContain("ECONNRESET");
  });

  test("fails at its deadline and when it is cancelled, and closes", async () => {
    const late = setUp(65536, { timeoutMs: 20 });
    late.clock.advance(20);
    expect((await caught(late.shaking)).code).toBe("deadline-exceeded");
    const source = new CancelSource();
    const cancelled = setUp(65536, { signal: source.signal });
    source.cancel();
    expect((await caught(cancelled.shaking)).code).toBe("cancelled");
    await settle();
    expect([late.farClosed(), cancelled.farClosed()]).toEqual([true, true]);
  });
});

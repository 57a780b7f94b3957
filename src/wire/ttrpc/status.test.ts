import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "../../base/bytes.ts";
import { causeChain, type ErrorCode, errorCodes, KataError } from "../../base/error.ts";
import { Status } from "../gen/google/rpc/status.ts";
import { fuzz } from "../testing/fuzz.ts";
import { decodeStatus, encodeStatus, errorDetailsField } from "./status.ts";

const full = new KataError("not-found", "Cannot start container c1", {
  stage: "start-container",
  field: "process.args[0]",
  hint: "Install it",
  see: ["kata-ctl logs c1", "docs/faults.md"],
  cause: new Error("exec failed", { cause: new Error("ENOENT: no such file") }),
});

describe("a status", () => {
  test("carries every part of a KataError across", () => {
    const error = decodeStatus(encodeStatus(full));
    expect(error).toBeInstanceOf(KataError);
    expect(error).toMatchObject({
      code: "not-found",
      message: "Cannot start container c1",
      stage: "start-container",
      field: "process.args[0]",
      hint: "Install it",
      see: ["kata-ctl logs c1", "docs/faults.md"],
    });
    expect(causeChain(error)).toEqual(["Cannot start container c1", "exec failed", "ENOENT: no such file"]);
  });

  test("shows a foreign peer the whole chain as its message", () => {
    const status = Status.decode(encodeStatus(full));
    expect(status.code).toBe(5);
    expect(status.message).toBe("Cannot start container c1: exec failed: ENOENT: no such file");
    expect(status.details).toEqual([]);
  });

  test.each(Object.entries(errorCodes))("keeps the code %s as %d", (name, number) => {
    const bytes = encodeStatus(new KataError(name as ErrorCode, "m"));
    expect(Status.decode(bytes).code).toBe(number);
    expect(decodeStatus(bytes)?.code).toBe(name);
  });

  test("of a foreign peer works without details, and with other details", () => {
    const plain = Status.encode(Status.create({ code: 12, message: "method Foo" })).finish();
    expect(decodeStatus(plain)).toMatchObject({
      code: "unimplemented",
      message: "method Foo",
      see: [],
      stage: undefined,
    });
    const typeUrl = "type.googleapis.com/google.rpc.DebugInfo";
    const other = Status.create({ code: 13, message: "m", details: [{ typeUrl, value: utf8Encode("{}") }] });
    expect(decodeStatus(Status.encode(other).finish())).toMatchObject({ code: "internal", message: "m" });
  });

  test("with code 0 is none, with an unknown code is `unknown`", () => {
    expect(decodeStatus(new Uint8Array(0))).toBeUndefined();
    expect(decodeStatus(Status.encode(Status.create({ code: 0, message: "fine" })).finish())).toBeUndefined();
    expect(decodeStatus(Status.encode(Status.create({ code: 99, message: "m" })).finish())?.code).toBe("unknown");
    expect(decodeStatus(Status.encode(Status.create({ code: -1, message: "m" })).finish())?.code).toBe("unknown");
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "7"],
    ["null", "null"],
    ["wrong types", '{"message":1,"stage":{},"see":"x","causes":[1,{},"real"]}'],
    ["a prototype", '{"__proto__":{"polluted":1},"message":"m2"}'],
    ["depth", "[".repeat(100_000)],
  ])("with our field holding %s still decodes", (_what, json) => {
    const status = Status.encode(Status.create({ code: 5, message: "m" }));
    status.varint32((errorDetailsField << 3) | 2);
    status.text(json);
    const error = decodeStatus(status.finish());
    expect(error?.code).toBe("not-found");
    expect(error?.message).toMatch(/^m2?$/);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("is bounded, whatever the error holds", () => {
    const long = "ä".repeat(1 << 20);
    let cause: Error = new Error(long);
    for (let i = 0; i < 100; i++) cause = new Error(long, { cause });
    const see = Array.from({ length: 1000 }, () => long);
    const bytes = encodeStatus(new KataError("internal", long, { stage: long, field: long, hint: long, see, cause }));
    expect(bytes.length).toBeLessThan(512 * 1024);
    const error = decodeStatus(bytes);
    expect(error?.see).toHaveLength(16);
    expect(error?.message.length).toBeLessThanOrEqual(4096);
  });

  test("is made of anything that can be thrown", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(decodeStatus(encodeStatus(value))?.code).toBe(KataError.from(value).code);
      }),
      { numRuns: 200 },
    );
  });

  test("made of mutated bytes decodes or is refused with a typed error", () => {
    fuzz({ corpus: [encodeStatus(full)], runs: 3000 }, ([chunk = new Uint8Array()]) => {
      try {
        decodeStatus(chunk);
      } catch (error) {
        expect(error).toBeInstanceOf(KataError);
      }
    });
  });
});

import { describe, expect, test } from "vitest";
import { causeChain, KataError } from "../../base/error.ts";
import type { Codec } from "../codec.ts";
import { caught } from "../testing/caught.ts";
import { echoService } from "../testing/echo-service.ts";
import { ttrpcPair } from "../testing/ttrpc-pair.ts";
import { createClient } from "./create-client.ts";
import type { CallContext } from "./handlers.ts";
import { bytesField } from "./raw-payload.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a call", () => {
  test.each([1, 3, 65536])("is answered over a stream that delivers %d bytes at a time", async (chunkBytes) => {
    const { echo } = ttrpcPair({ echo: (request) => `<${request}>` }, { stream: { chunkBytes } });
    await expect(echo.echo("hällo")).resolves.toBe("<hällo>");
    await expect(echo.echo("")).resolves.toBe("<>");
  });

  test("carries bytes unharmed, small and big, raw and encoded, both ways", async () => {
    const received: number[] = [];
    const { echo } = ttrpcPair({
      blob: (request) => {
        received.push(request.length);
        return { raw: [request.subarray(0, 10), request.subarray(10)] };
      },
    });
    for (const size of [0, 1, 131_072, 131_073, 1 << 20]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
      expect(Buffer.compare(await echo.blob(bytes), bytes)).toBe(0);
      const raw = [bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)];
      expect(Buffer.compare(await echo.blob({ raw }), bytes)).toBe(0);
    }
    expect(received).toEqual([0, 0, 1, 1, 131_072, 131_072, 131_073, 131_073, 1 << 20, 1 << 20]);
  });

  test("runs next to any number of others and gets its own answer", async () => {
    const { echo, client, connection } = ttrpcPair({
      echo: async (request) => {
        for (let i = Number(request) % 7; i > 0; i--) await turn();
        return request;
      },
    });
    const calls = Array.from({ length: 2000 }, (_, i) => echo.echo(String(i)));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 2000 }, (_, i) => String(i)));
    expect([client.pendingCalls, connection.requestsInFlight]).toEqual([0, 0]);
  });

  test("tells the handler about metadata, deadline and peer", async () => {
    const seen: CallContext[] = [];
    const { echo } = ttrpcPair({
      echo: (_request, context) => {
        seen.push(context);
        return "";
      },
    });
    await echo.echo("", { metadata: { trace: "t1", list: ["a", "b"] }, timeoutMs: 1500 });
    await echo.echo("");
    expect([...(seen[0]?.metadata ?? [])]).toEqual([
      ["trace", ["t1"]],
      ["list", ["a", "b"]],
    ]);
    expect(seen[0]?.deadline.remainingMs()).toBe(1500);
    expect(seen[0]?.peer).toEqual({ pid: 7, uid: 0, gid: 0 });
    expect(seen[1]?.deadline.remainingMs()).toBe(Number.POSITIVE_INFINITY);
    expect(seen[1]?.metadata.size).toBe(0);
    expect(seen[1]?.signal.aborted).toBe(false);
  });

  test("finds handlers that are methods of a class, and keeps their `this`", async () => {
    class Handlers {
      private readonly prefix = "#";
      echo(request: string): string {
        return this.prefix + request;
      }
      getOOMEvent(): string {
        return "oom";
      }
    }
    const { echo } = ttrpcPair(new Handlers());
    expect([await echo.echo("x"), await echo.getOOMEvent("")]).toEqual(["#x", "oom"]);
  });
});

describe("an error", () => {
  test("of a handler arrives with all its parts", async () => {
    const { echo } = ttrpcPair({
      echo: () => {
        throw new KataError("already-exists", "Name web is in use", {
          field: "--name",
          hint: "Pick another",
          cause: new Error("why"),
        });
      },
    });
    const error = await caught(echo.echo(""));
    expect(error).toMatchObject({ code: "already-exists", field: "--name", hint: "Pick another" });
    expect(causeChain(error)).toEqual(["Name web is in use", "why"]);
  });

  test("that nobody threw on purpose ends its call only, and is logged with its stack", async () => {
    const { echo, records } = ttrpcPair({
      echo: (request) => (request === "sync" ? (undefined as unknown as { a: { b: string } }).a.b : request),
      wait: () => Promise.reject(new TypeError("async mistake")),
    });
    expect((await caught(echo.echo("sync"))).code).toBe("internal");
    expect(await caught(echo.wait(""))).toMatchObject({ code: "internal", message: "async mistake" });
    expect(await echo.echo("alive")).toBe("alive");
    const logged = records.filter((record) => record.level === "error");
    expect(logged.map((record) => record.fields.method)).toEqual(["/test.v1.Echo/Echo", "/test.v1.Echo/Wait"]);
    expect(String(logged[0]?.fields.stack)).toContain("client-server.test");
  });

  test("with an errno keeps its meaning", async () => {
    const { echo } = ttrpcPair({
      echo: () => Promise.reject(Object.assign(new Error("open: no such file"), { code: "ENOENT" })),
    });
    expect(await caught(echo.echo(""))).toMatchObject({ code: "not-found", message: "open: no such file" });
  });

  test("is unimplemented for an unknown method and an unknown service, in the reference's words", async () => {
    const { echo, client } = ttrpcPair({});
    expect(await caught(echo.echo(""))).toMatchObject({ code: "unimplemented", message: "method Echo" });
    const other = createClient({ ...echoService, name: "no.Such" }, client);
    expect(await caught(other.echo(""))).toMatchObject({ code: "unimplemented", message: "service no.Such" });
    const odd = createClient({ name: echoService.name, methods: { constructor: echoService.methods.Echo } }, client);
    expect(await caught(odd.constructor(""))).toMatchObject({ code: "unimplemented", message: "method constructor" });
  });

  test("names both sides' trouble with a message that cannot be encoded or decoded", async () => {
    const { client, server } = ttrpcPair({});
    const text = echoService.methods.Echo.request;
    const tooBig = () => {
      throw new KataError("out-of-range", "too big a number");
    };
    const cutShort = () => {
      throw new KataError("invalid-argument", "cut short");
    };
    const broken: Codec<string> = { encode: tooBig, encodeInto: tooBig, decode: cutShort, decodeFrom: cutShort };
    const call = async (part: "request" | "response", name: string) => {
      const ours = { name, methods: { M: { request: text, response: text, [part]: broken } } };
      const theirs = { name, methods: { M: { request: text, response: text } } };
      const far = name.endsWith("far");
      server.register(far ? ours : theirs, { m: () => "" });
      return causeChain(await caught(createClient(far ? theirs : ours, client).m("")));
    };
    expect(await call("request", "near")).toEqual(["too big a number"]);
    expect(await call("response", "near2")).toEqual(["Malformed response to /near2/M", "cut short"]);
    expect(await call("request", "far")).toEqual(["Malformed request to /far/M", "cut short"]);
    expect(await call("response", "2far")).toEqual(["too big a number"]);
  });

  test("for a message above the frame limit leaves the connection alive", async () => {
    const { echo } = ttrpcPair({ blob: (request) => (request.length === 1 ? new Uint8Array(4 << 20) : request) });
    const tooBigAnswer = await caught(echo.blob(new Uint8Array(1)));
    expect(tooBigAnswer.code).toBe("resource-exhausted");
    const tooBigRequest = await caught(echo.blob(new Uint8Array(4 << 20)));
    expect(tooBigRequest.code).toBe("resource-exhausted");
    expect(causeChain(tooBigRequest).at(-1)).toMatch(/^message length \d+ exceed maximum message size of 4194304$/);
    expect(await echo.blob(new Uint8Array(2))).toHaveLength(2);
  });
});

describe("the raw fast path", () => {
  test("joins a small message and one big field as protobuf does", () => {
    const big = new Uint8Array(300);
    expect(bytesField(3, big)).toEqual([Uint8Array.of(0x1a, 0xac, 0x02), big]);
    expect(bytesField(3, big)[1]).toBe(big);
    expect(bytesField(3, new Uint8Array())).toEqual([]);
  });
});

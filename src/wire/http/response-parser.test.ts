import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { cutAt, fuzz } from "../testing/fuzz.ts";
import { HttpProtocolError } from "./http-error.ts";
import { ResponseParser } from "./response-parser.ts";

const limits = { maxHeadBytes: 4096, maxBodyBytes: 10_000 };

interface Parsed {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly keepAlive: boolean;
}

/** Feeds the chunks, then the end of the connection; responses or the refusal. */
function parse(chunks: readonly Uint8Array[], methods = ["GET"], end = true): (Parsed | string)[] {
  const results: (Parsed | string)[] = [];
  const queue = [...methods];
  const parser = new ResponseParser(limits, ({ status, headers, body, keepAlive }) => {
    results.push({ status, headers: Object.fromEntries(headers), body: utf8Decode(body), keepAlive });
    const next = queue.shift();
    if (next !== undefined) parser.expect(next);
  });
  const first = queue.shift();
  if (first !== undefined) parser.expect(first);
  try {
    for (const chunk of chunks) {
      const borrowed = chunk.slice();
      parser.push(borrowed);
      borrowed.fill(0xee);
    }
    if (end) parser.end();
  } catch (error) {
    expect(error).toBeInstanceOf(HttpProtocolError);
    results.push((error as Error).message);
  }
  return results;
}

const one = (text: string, method = "GET") => parse([utf8Encode(text)], [method]);

describe("ResponseParser", () => {
  test("reads a body by length, with fields in any case and padding", () => {
    expect(one("HTTP/1.1 200 OK\r\nCONTENT-length:  5 \r\nX-A: 1\r\nx-a:\t2\r\nEmpty:\r\n\r\nhello")).toEqual([
      { status: 200, headers: { "content-length": "5", "x-a": "1, 2", empty: "" }, body: "hello", keepAlive: true },
    ]);
  });

  test("reads chunks with extensions and trailers", () => {
    const text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=1\r\nabc\r\n00A \r\n0123456789\r\n0\r\nTrailer: yes\r\n\r\n";
    expect(one(text)).toMatchObject([{ body: "abc0123456789", keepAlive: true }]);
  });

  test("reads up to the end of the connection when nothing else is said, and then cannot go on", () => {
    expect(one("HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n\r\n<html>")).toMatchObject([
      { status: 500, body: "<html>", keepAlive: false },
    ]);
    expect(one("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")).toMatchObject([{ body: "ok", keepAlive: false }]);
    expect(one("HTTP/1.1 200 OK\r\nConnection: Foo, Close\r\nContent-Length: 0\r\n\r\n")).toMatchObject([
      { keepAlive: false },
    ]);
  });

  test("knows the responses that have no body", () => {
    expect(one("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")).toMatchObject([{ status: 204, body: "" }]);
    expect(one("HTTP/1.1 304 Not Modified\r\n\r\n")).toMatchObject([{ status: 304, keepAlive: true }]);
    expect(one("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD")).toMatchObject([{ status: 200, body: "" }]);
  });

  test("skips interim responses, but not without end", () => {
    expect(
      one("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204\r\n\r\n"),
    ).toMatchObject([{ status: 204 }]);
    expect(one("HTTP/1.1 100 Continue\r\n\r\n".repeat(17))).toEqual(["Too many interim responses"]);
    expect(one("HTTP/1.1 101 Switching Protocols\r\n\r\n")).toEqual(["The server wants to switch protocols"]);
  });

  test("reads responses one after the other, and refuses one too many", () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 204 No Content\r\n\r\n";
    expect(parse([utf8Encode(text)], ["GET", "PUT"])).toMatchObject([{ body: "a" }, { status: 204 }]);
    expect(parse([utf8Encode(text)], ["GET"])).toMatchObject([{ body: "a" }, "A response that was not asked for"]);
  });

  test.each([
    ["half a head", "HTTP/1.1 200 OK\r\nConte"],
    ["a head without its end", "HTTP/1.1 200 OK\r\n"],
    ["a cut body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"],
    ["a cut chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5"],
    ["a cut chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"],
    ["a missing last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
    ["a missing end of trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"],
  ])("refuses %s at the end of the connection", (_what, text) => {
    expect(one(text)).toEqual(["The connection ended inside a message"]);
  });

  test.each([
    ["another protocol", '{"QMP": {}}\r\n\r\n', /Malformed status line/],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n", /Malformed status line/],
    ["a status out of range", "HTTP/1.1 600 X\r\n\r\n", /Malformed status line/],
    ["a status that is no number", "HTTP/1.1 2x0 OK\r\n\r\n", /Malformed status line/],
    ["a control character in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n", /Malformed status line/],
    ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", /does not end in CR LF/],
    ["a bare CR", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", /Control character/],
    ["a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", /Malformed header field/],
    ["white space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", /Malformed header field/],
    ["a field without a name", "HTTP/1.1 200 OK\r\n: 5\r\n\r\n", /Malformed header field/],
    ["a field without a colon", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n", /Malformed header field/],
    ["a zero byte", "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", /Control character/],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", /appears twice/],
    ["a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", /Malformed Content-Length/],
    ["a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", /Malformed Content-Length/],
    ["a hexadecimal length", "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", /Malformed Content-Length/],
    [
      "an endless length",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      /Malformed Content-Length/,
    ],
    [
      "length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      /Both/,
    ],
    ["two codings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", /Transfer-Encoding "gzip, chunked"/],
    ["an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n", /Transfer-Encoding "xchunked"/],
    ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", /HTTP\/1.0/],
    [
      "a chunk size that is none",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
      /Malformed chunk size/,
    ],
    ["an empty chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", /Malformed chunk size/],
    ["a huge chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\n", /Malformed chunk size/],
    [
      "a chunk longer than its size",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
      /longer|CR LF/,
    ],
    [
      "an announced body above the limit",
      "HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n",
      /Body exceeds 10000 bytes/,
    ],
    [
      "a chunk above the limit",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
      /Body exceeds 10000 bytes/,
    ],
    ["an unannounced body above the limit", `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(10_001)}`, /Body exceeds 10000 bytes/],
    ["a head above the limit", `HTTP/1.1 200 OK\r\nA: ${"x".repeat(5000)}`, /too long/],
    ["too many fields", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(101)}\r\n`, /More than 100 header fields/],
    ["a long chunk extension", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${"x".repeat(300)}`, /too long/],
    [
      "long trailers",
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${`A: ${"x".repeat(200)}\r\n`.repeat(60)}`,
      /too long/,
    ],
  ])("refuses %s", (_what, text, message) => {
    const results = one(text);
    expect(results).toHaveLength(1);
    expect(results[0]).toMatch(message);
  });

  test("holds its bounds also for heads that come byte by byte", () => {
    const fields = `A: ${"x".repeat(100)}\r\n`.repeat(60);
    for (const text of [
      `HTTP/1.1 200 OK\r\n${fields}\r\n`,
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${fields}${fields}\r\n`,
    ]) {
      expect(parse([...utf8Encode(text)].map((byte) => Uint8Array.of(byte)))).toEqual([
        "Start line, header section or chunk size is too long",
      ]);
    }
  });

  test("gives the same result however the bytes are cut", () => {
    const texts = [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: é\r\n\r\nhelloHTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\nrest",
    ];
    for (const text of texts) {
      const bytes = utf8Encode(text);
      const whole = parse([bytes], ["GET", "GET"]);
      expect(whole).toHaveLength(2);
      fc.assert(
        fc.property(
          fc.array(fc.nat()),
          (places) => void expect(parse(cutAt(bytes, places), ["GET", "GET"])).toEqual(whole),
        ),
      );
      expect(
        parse(
          [...bytes].map((byte) => Uint8Array.of(byte)),
          ["GET", "GET"],
        ),
      ).toEqual(whole);
    }
  });

  test("survives mutated bytes, and the cut never changes the result", () => {
    const corpus = [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
    ].map(utf8Encode);
    const tokens = [
      "\r\n",
      "\r\n\r\n",
      "Content-Length: 3\r\n",
      ":",
      "0\r\n",
      "ffff",
      "Transfer-Encoding: chunked\r\n",
    ].map(utf8Encode);
    fuzz({ corpus, tokens, runs: 4000 }, (chunks) => {
      expect(parse(chunks, ["GET", "GET"])).toEqual(parse([concatBytes(chunks)], ["GET", "GET"]));
    });
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { utf8Decode } from "../../src/base/bytes.ts";
import { LineMap } from "../../src/sys/line-map.ts";
import { encodeLineMap, placeAt, placesOf } from "./line-map.mjs";

const dir = mkdtempSync(join(tmpdir(), "line-map-"));
afterAll(() => rmSync(dir, { recursive: true }));

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A base64 VLQ, as source maps have it. */
function vlq(number: number): string {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += digits.charAt(rest > 0 ? digit | 32 : digit);
  } while (rest > 0);
  return text;
}

const segment = fc.record({
  gap: fc.integer({ min: 1, max: 40 }),
  source: fc.nat(3),
  line: fc.nat(5000),
  known: fc.boolean(),
});

/** A function for each 50 lines, but none in the first source. */
const functionName = (source: number, line: number) => (source === 0 ? "" : `f${Math.floor(line / 50)}`);

test("LineMap finds line and function of the last segment before a column, for any map", () => {
  fc.assert(
    fc.property(fc.array(fc.array(segment, { maxLength: 5 }), { maxLength: 30 }), (lines) => {
      let source = 0;
      let line = 0;
      const text = lines
        .map((segments) =>
          segments
            .map((one) => {
              if (!one.known) return vlq(one.gap);
              const encoded = vlq(one.gap) + vlq(one.source - source) + vlq(one.line - line) + vlq(0);
              [source, line] = [one.source, one.line];
              return encoded;
            })
            .join(","),
        )
        .join(";");
      const sources = ["src/a", "src/b", "src/c", "src/é"];
      const places = placesOf({ sources, mappings: text }, functionName);
      const bytes = encodeLineMap(sources, places);
      const map = new LineMap(new Uint8Array(bytes), utf8Decode);
      for (const [at, segments] of lines.entries()) {
        let column = 0;
        const known = segments.flatMap((one) => {
          column += one.gap;
          return one.known ? [{ column, source: one.source, line: one.line }] : [];
        });
        for (const probe of [0, 5, 20, 60, 200]) {
          // The first segment counts for the indentation before it too.
          const found = known.filter((one, i) => i === 0 || one.column <= probe).at(-1);
          const name = found && functionName(found.source, found.line);
          const expected = found && { source: sources[found.source], line: found.line + 1, name: name || undefined };
          expect(map.lookUp(at + 1, probe + 1)).toEqual(expected);
          const place = placeAt(places, at + 1, probe + 1);
          expect(place && { source: place.source, line: place.line, name: place.name }).toEqual(
            found && { source: found.source, line: found.line, name },
          );
        }
      }
      expect(map.lookUp(lines.length + 5, 1)).toBeUndefined();
    }),
  );
});

test("LineMap agrees with Node about a real bundle, in a tenth of the source map's size", async () => {
  await build({
    entryPoints: ["src/sys/stream.ts"],
    bundle: true,
    format: "esm",
    outfile: join(dir, "out.js"),
    sourcemap: "external",
    absWorkingDir: new URL("../..", import.meta.url).pathname,
  });
  const json = readFileSync(join(dir, "out.js.map"), "utf8");
  const reference = new SourceMap(JSON.parse(json));
  const parsed = JSON.parse(json);
  const bytes = encodeLineMap(
    parsed.sources,
    placesOf(parsed, () => ""),
  );
  writeFileSync(join(dir, "lines"), bytes);
  expect(bytes.length).toBeLessThan(json.length / 10);
  const map = new LineMap(new Uint8Array(bytes), utf8Decode);
  const lines = readFileSync(join(dir, "out.js"), "utf8").split("\n");
  let compared = 0;
  for (const [at, text] of lines.entries()) {
    const column = text.search(/\S/);
    const entry = reference.findEntry(at, Math.max(column, 0)) as {
      originalSource?: string;
      originalLine?: number;
      generatedLine?: number;
    };
    if (column < 0 || entry.generatedLine !== at || entry.originalLine === undefined) continue;
    expect(map.lookUp(at + 1, column + 1)).toEqual({ source: entry.originalSource, line: entry.originalLine + 1 });
    compared++;
  }
  expect(compared).toBeGreaterThan(100);
});

test("a damaged map gives no answer, or a wrong one, but ends", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(100), (bytes, line) => {
      new LineMap(bytes, utf8Decode).lookUp(line, 5);
    }),
  );
});

// Turns esbuild's source map into the compact line map that src/sys/line-map.ts reads.

const digits = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((c, i) => [c, i]));

/** Decodes the "mappings" of a source map (revision 3) into lines of [column, source, line, source column], all 0-based. */
export function decodeMappings(mappings) {
  const lines = [];
  let source = 0;
  let line = 0;
  let sourceColumn = 0;
  for (const text of mappings.split(";")) {
    const segments = [];
    let column = 0;
    for (const segment of text === "" ? [] : text.split(",")) {
      const fields = [];
      let value = 0;
      let shift = 0;
      for (const char of segment) {
        const digit = digits.get(char);
        value |= (digit & 31) << shift;
        shift += 5;
        if (digit & 32) continue;
        fields.push(value & 1 ? -(value >>> 1) : value >>> 1);
        value = shift = 0;
      }
      column += fields[0];
      if (fields.length < 4) continue;
      source += fields[1];
      line += fields[2];
      sourceColumn += fields[3];
      segments.push([column, source, line, sourceColumn]);
    }
    lines.push(segments);
  }
  return lines;
}

function varint(out, number) {
  let rest = number;
  while (rest > 127) {
    out.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

const zigzag = (number) => (number < 0 ? -number * 2 - 1 : number * 2);

function writeTexts(out, texts) {
  varint(out, texts.length);
  for (const text of texts) {
    const bytes = Buffer.from(text);
    varint(out, bytes.length);
    out.push(...bytes);
  }
}

/**
 * The places of a parsed source map: for each generated line the columns from which on something changes, with index of the
 * source, line (all from 0) and function, which is what `functionName(source, line, column)` returns.
 */
export function placesOf(map, functionName) {
  return decodeMappings(map.mappings).map((segments) =>
    segments
      .map(([column, source, line, at]) => ({ column, source, line, name: functionName(source, line, at) }))
      // The first segment covers the indentation too.
      .filter(
        (one, i, all) =>
          i === 0 || one.source !== all[i - 1].source || one.line !== all[i - 1].line || one.name !== all[i - 1].name,
      ),
  );
}

/** The place of a line and column, both from 1, as src/sys/line-map.ts finds it. */
export function placeAt(places, line, column) {
  return places[line - 1]?.findLast((place, i) => i === 0 || place.column < column);
}

/** The line map of sources and of what `placesOf` returned. */
export function encodeLineMap(sources, places) {
  const out = [];
  writeTexts(out, sources);
  const indexes = new Map([["", 0]]);
  for (const { name } of places.flat()) if (!indexes.has(name)) indexes.set(name, indexes.size);
  const lines = places.map((line) => line.map((place) => ({ ...place, name: indexes.get(place.name) })));
  writeTexts(out, [...indexes.keys()]);
  varint(out, lines.length);
  let last = { source: 0, line: 0, name: 0 };
  for (const segments of lines) {
    const [first] = segments;
    if (segments.length === 1 && first.source === last.source && first.line === last.line && first.name === last.name) {
      varint(out, 1);
      last = { ...first, line: first.line + 1 };
      continue;
    }
    varint(out, segments.length === 0 ? 0 : segments.length + 1);
    let column = 0;
    for (const [index, { source, line, name, column: at }] of segments.entries()) {
      varint(out, index === 0 ? 0 : at - column);
      column = index === 0 ? 0 : at;
      varint(out, zigzag(source - last.source));
      varint(out, zigzag(line + 1 - last.line));
      varint(out, zigzag(name - last.name));
      last = { source, line: line + 1, name };
    }
  }
  return Buffer.from(out);
}

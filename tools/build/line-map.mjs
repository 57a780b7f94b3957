// Turns esbuild's source map into the compact line map that src/sys/line-map.ts reads.

const digits = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((c, i) => [c, i]));

/** Decodes the "mappings" of a source map (revision 3) into lines of [column, source, line], all 0-based. */
export function decodeMappings(mappings) {
  const lines = [];
  let source = 0;
  let line = 0;
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
      segments.push([column, source, line]);
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

/** The line map of a parsed source map; `sourceName` turns its source paths into what a reader wants to see. */
export function encodeLineMap(map, sourceName) {
  const out = [];
  varint(out, map.sources.length);
  for (const path of map.sources) {
    const name = Buffer.from(sourceName(path));
    varint(out, name.length);
    out.push(...name);
  }
  const lines = decodeMappings(map.mappings);
  varint(out, lines.length);
  let source = 0;
  let line = 0;
  for (const segments of lines) {
    // Only where the TypeScript line changes; the first segment covers the indentation too.
    const kept = segments.filter(
      (segment, i) => i === 0 || segment[1] !== segments[i - 1][1] || segment[2] !== segments[i - 1][2],
    );
    const [first] = kept;
    if (kept.length === 1 && first[1] === source && first[2] === line) {
      varint(out, 1);
      line++;
      continue;
    }
    varint(out, kept.length === 0 ? 0 : kept.length + 1);
    let column = 0;
    for (const [index, segment] of kept.entries()) {
      varint(out, index === 0 ? 0 : segment[0] - column);
      column = index === 0 ? 0 : segment[0];
      varint(out, zigzag(segment[1] - source));
      varint(out, zigzag(segment[2] + 1 - line));
      source = segment[1];
      line = segment[2] + 1;
    }
  }
  return Buffer.from(out);
}

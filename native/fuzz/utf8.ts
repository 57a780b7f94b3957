// UTF-8 written for clarity, to compare the bridge with: one code point after the other (encoding.spec.whatwg.org).

/** Decodes; each maximal malformed part becomes one U+FFFD. */
export function referenceDecode(bytes: Uint8Array): string {
  let text = "";
  let point = 0;
  let seen = 0;
  let needed = 0;
  let lower = 0x80;
  let upper = 0xbf;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (needed === 0) {
      if (byte < 0x80) text += String.fromCodePoint(byte);
      else if (byte >= 0xc2 && byte <= 0xdf) [needed, point] = [1, byte & 0x1f];
      else if (byte >= 0xe0 && byte <= 0xef) {
        if (byte === 0xe0) lower = 0xa0;
        if (byte === 0xed) upper = 0x9f;
        [needed, point] = [2, byte & 0xf];
      } else if (byte >= 0xf0 && byte <= 0xf4) {
        if (byte === 0xf0) lower = 0x90;
        if (byte === 0xf4) upper = 0x8f;
        [needed, point] = [3, byte & 0x7];
      } else text += "\ufffd";
      continue;
    }
    if (byte < lower || byte > upper) {
      text += "\ufffd";
      [point, seen, needed, lower, upper] = [0, 0, 0, 0x80, 0xbf];
      // The byte begins something new.
      i--;
      continue;
    }
    [lower, upper] = [0x80, 0xbf];
    point = (point << 6) | (byte & 0x3f);
    seen++;
    if (seen === needed) {
      text += String.fromCodePoint(point);
      [point, seen, needed] = [0, 0, 0];
    }
  }
  return needed > 0 ? `${text}\ufffd` : text;
}

/** Encodes; lone surrogates become U+FFFD. */
export function referenceEncode(text: string): Uint8Array {
  const out: number[] = [];
  for (const char of text) {
    const unit = char.codePointAt(0) ?? 0;
    const point = unit >= 0xd800 && unit <= 0xdfff ? 0xfffd : unit;
    if (point < 0x80) out.push(point);
    else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else {
      out.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    }
  }
  return Uint8Array.from(out);
}

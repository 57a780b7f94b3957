/** UTF-8 within a bigger array of bytes. */
interface Texts {
  /**
   * Writes the text at `at`; the bytes that it took, or -1 and nothing written when it does not fit, which includes a place
   * outside. Lone surrogates become U+FFFD.
   */
  encode(text: string, target: Uint8Array, at: number): number;
  /** The text from `start` to `end`; undefined when it is not UTF-8. A byte order mark stays. */
  decode(bytes: Uint8Array, start: number, end: number): string | undefined;
}

// Native programs bring one written in C (src/sys/linux/prelude.ts): a view for every text costs more there than the text.
declare const kataTexts: Texts | undefined;

/** See `Texts`. */
export const texts: Texts = typeof kataTexts === "undefined" ? textsByViews() : kataTexts;

function textsByViews(): Texts {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return {
    encode(text, target, at) {
      const bytes = encoder.encode(text);
      if (at < 0 || bytes.length > target.length - at) return -1;
      target.set(bytes, at);
      return bytes.length;
    },
    decode(bytes, start, end) {
      try {
        return decoder.decode(bytes.subarray(start, end));
      } catch {
        // The error says no more than undefined does.
        return undefined;
      }
    },
  };
}

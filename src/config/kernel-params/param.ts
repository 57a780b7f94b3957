import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";

/** One word of a kernel command line: `key=value`, or a bare word without a value. Quotes are part of it. */
export interface Param {
  readonly key: string;
  readonly value: string | undefined;
}

/** What the kernel tells words apart by (isspace in lib/ctype.c), as far as it is ASCII. */
const spaces = " \t\n\v\f\r";

/**
 * Splits a kernel command line at spaces outside double quotes. Quotes stay: the kernel takes them off itself. An
 * unclosed quote reaches to the end.
 */
export function splitKernelParams(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    if (char === '"') quoted = !quoted;
    if (!quoted && spaces.includes(char)) {
      if (start >= 0) words.push(text.slice(start, index));
      start = -1;
    } else if (start < 0) start = index;
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}

/**
 * Key and value of one word. As in the kernel, a word that begins with `=` is all key. Throws KataError `invalid-argument` for
 * anything but exactly one word.
 */
export function parseParam(word: string): Param {
  if (splitKernelParams(word)[0] !== word) {
    throw new KataError("invalid-argument", `A kernel parameter must be one word, got ${shown(word)}`, {
      hint: 'Put double quotes around a value with spaces: key="a b"',
    });
  }
  const equals = word.indexOf("=", 1);
  if (equals < 0) return { key: word, value: undefined };
  return { key: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** Keys and values of words; empty words count for nothing. Throws as `parseParam`. */
export function parseParams(words: readonly string[]): Param[] {
  return words.filter((word) => word !== "").map(parseParam);
}

/**
 * The words for parameters. An empty separator gives key and value a word each, as program arguments want them. A parameter
 * without key and value is left out; one without a key is its value.
 */
export function printParams(params: readonly Param[], separator = "="): string[] {
  return params.flatMap(({ key, value }) => {
    if (key === "") return value === undefined || value === "" ? [] : [value];
    if (value === undefined) return [key];
    return separator === "" ? [key, value] : [`${key}${separator}${value}`];
  });
}

/**
 * What the kernel makes of a parameter: quotes around the whole word or its value are gone, and `-` in a name is `_`
 * (next_arg and parameq in the kernel's parser).
 */
export function kernelView({ key, value }: Param): { readonly name: string; readonly value: string | undefined } {
  const unquoted = key.startsWith('"') ? key.slice(1) : key;
  const name = (value === undefined && unquoted !== key ? withoutLastQuote(unquoted) : unquoted).replaceAll("-", "_");
  if (value === undefined) return { name, value };
  const inner = value.startsWith('"') ? value.slice(1) : value;
  return { name, value: inner !== value || unquoted !== key ? withoutLastQuote(inner) : inner };
}

/** Whether a double quote is opened and never closed: it would swallow every word behind it. */
export function hasOpenQuote(text: string): boolean {
  return text.split('"').length % 2 === 0;
}

function withoutLastQuote(text: string): string {
  return text.endsWith('"') ? text.slice(0, -1) : text;
}

import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";

/** One word of a kernel command line: `key=value`, or a bare word without a value. Quotes are part of it. */
export interface Param {
  readonly key: string;
  readonly value: string | undefined;
}

// Spaces are what the kernel's isspace (lib/ctype.c) says, as far as it is ASCII. Every part of the pattern fits where it is
// tried: nothing is ever tried twice, whatever the text.
const spaces = /[ \t\n\v\f\r]/;
const words = /(?:[^ \t\n\v\f\r"]+|"[^"]*"?)+/g;

/**
 * Splits a kernel command line at spaces outside double quotes. Quotes stay: the kernel takes them off itself. An
 * unclosed quote reaches to the end.
 */
export function splitKernelParams(text: string): string[] {
  return text.match(words) ?? [];
}

/**
 * Key and value of one word. As in the kernel, a word that begins with `=` is all key. Throws KataError `invalid-argument` for
 * anything but exactly one word.
 */
export function parseParam(word: string): Param {
  if (word === "" || (spaces.test(word) && splitKernelParams(word)[0] !== word)) {
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

/** A parameter's name as the kernel compares it: without a quote around the word, and with `_` for `-` (parameq). */
export function paramName({ key, value }: Param): string {
  const unquoted = key.startsWith('"') ? key.slice(1) : key;
  return (value === undefined && unquoted !== key ? withoutLastQuote(unquoted) : unquoted).replaceAll("-", "_");
}

/** A parameter's value as the kernel hands it on: without quotes around it or around the word (next_arg). */
export function paramValue({ key, value }: Param): string | undefined {
  if (value === undefined) return undefined;
  const inner = value.startsWith('"') ? value.slice(1) : value;
  return inner !== value || key.startsWith('"') ? withoutLastQuote(inner) : inner;
}

/** Whether a double quote is opened and never closed: it would swallow every word behind it. */
export function hasOpenQuote(text: string): boolean {
  return text.split('"').length % 2 === 0;
}

function withoutLastQuote(text: string): string {
  return text.endsWith('"') ? text.slice(0, -1) : text;
}

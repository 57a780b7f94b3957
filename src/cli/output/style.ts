/** Colour on a terminal, nothing elsewhere. Every function takes plain text and returns what to print. */
export interface Style {
  heading(text: string): string;
  dim(text: string): string;
  error(text: string): string;
  good(text: string): string;
  warn(text: string): string;
}

/** Plain text. */
export const plainStyle: Style = {
  heading: (text) => text,
  dim: (text) => text,
  error: (text) => text,
  good: (text) => text,
  warn: (text) => text,
};

const sgr = (code: string) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

/** ANSI colours (SGR sequences). */
export const colourStyle: Style = {
  heading: sgr("1"),
  dim: sgr("2"),
  error: sgr("1;31"),
  good: sgr("32"),
  warn: sgr("33"),
};

/** When to colour. */
export type ColourChoice = "auto" | "always" | "never";

/**
 * The style for a stream: `auto` colours on a terminal, unless NO_COLOR is set to anything (no-color.org) or TERM is
 * `dumb`.
 */
export function chooseStyle(
  choice: ColourChoice,
  facts: { readonly terminal: boolean; readonly noColor: string | undefined; readonly term: string | undefined },
): Style {
  if (choice === "always") return colourStyle;
  if (choice === "never" || !facts.terminal || facts.term === "dumb") return plainStyle;
  return facts.noColor === undefined || facts.noColor === "" ? colourStyle : plainStyle;
}

/** Control characters but tab and line feed, and those that turn the direction of writing round. */
const harmful = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Makes text from elsewhere (guest, image, registry) harmless to a terminal: what it must not see becomes `\xNN`. */
export function printable(text: string): string {
  return text.replace(harmful, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

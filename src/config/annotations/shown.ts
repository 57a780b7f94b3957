const valueLength = 80;

/** The most characters that an annotation's name may have. */
export const maxNameLength = 256;

/** A value that somebody else wrote, quoted, cut, and with everything but printable ASCII escaped. */
export function shownValue(text: string): string {
  const quoted = ascii(JSON.stringify(text.slice(0, valueLength)));
  return text.length <= valueLength ? quoted : `${quoted.slice(0, -1)}..." (${text.length} characters)`;
}

/** An annotation's name, cut, and with everything but printable ASCII escaped. */
export function shownName(name: string): string {
  const head = ascii(name.slice(0, maxNameLength));
  return name.length <= maxNameLength ? head : `${head}...`;
}

/** Digits of other scripts look like ours, and control characters could write anything into a log. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A text of at most `most` characters, more than 3: three dots stand for what was cut off, which is never half a letter. */
export function cut(text: string, most = 80): string {
  return text.length <= most ? text : `${text.slice(0, most - 3).replace(/[\ud800-\udbff]$/, "")}...`;
}

/**
 * Foreign text as it may stand in a message: on one line, in double quotes, with at most `most` characters, and with nothing
 * that moves a terminal's cursor or turns the direction of writing.
 */
export function shown(text: string, most = 64): string {
  const clipped = text.length > most ? `${text.slice(0, most)}...` : text;
  return JSON.stringify(clipped).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

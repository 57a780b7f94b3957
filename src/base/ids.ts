import { KataError } from "./error.ts";

/** containerd's own limit (pkg/identifiers); it keeps the sockets below /run/vc/ID within sun_path (unix(7)). */
const mostBytes = 76;
const shape = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Checks an id before it becomes part of a path, a socket name or a command line: 2 to 76 ASCII letters, digits, `_`,
 * `.` and `-`, beginning with a letter or digit. Returns it unchanged, so that it can be used in expressions. `what`
 * names it in the error (`sandbox id`). `least` is another lower limit of its length. Throws KataError `invalid-argument`.
 */
export function validateId(id: string, what: string, least = 2): string {
  const fail = (rule: string): never => {
    const shown = id.length > 40 ? `${id.slice(0, 40)}...` : id;
    throw new KataError("invalid-argument", `Invalid ${what} ${JSON.stringify(shown)}: ${rule}`, { field: what });
  };
  if (id.length < least) fail(`it must have at least ${least} character${least === 1 ? "" : "s"}`);
  if (id.length > mostBytes) fail(`it has ${id.length} characters, at most ${mostBytes} are allowed`);
  if (!shape.test(id)) fail("it must begin with a letter or digit and hold only letters, digits, '_', '.' and '-'");
  return id;
}

/** What gives random bytes: Sys does. */
export interface RandomSource {
  random(bytes: number): Uint8Array;
}

/** `bytes` random bytes as lower-case hexadecimal digits, two for each. */
export function randomHex(source: RandomSource, bytes: number): string {
  return toHex(source.random(bytes));
}

/** Bytes as lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Hexadecimal digits as bytes. Throws KataError `invalid-argument` for anything else. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new KataError("invalid-argument", "Not a hexadecimal text: an even number of digits is needed");
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

import { utf8Encode } from "../base/bytes.ts";
import { type FilesPort, WOULD_BLOCK } from "./port/files.ts";

/**
 * Writes all of it, for last words and short messages on standard output: blocks on a blocking descriptor, and gives
 * up without an error when the descriptor is full or gone.
 */
export function writeFully(sys: Pick<FilesPort, "write">, fd: number, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? utf8Encode(content) : content;
  for (let offset = 0; offset < bytes.length; ) {
    let written: number;
    try {
      written = sys.write(fd, bytes, offset);
    } catch {
      // Nobody is left to hear it.
      return;
    }
    if (written === WOULD_BLOCK || written === 0) return;
    offset += written;
  }
}

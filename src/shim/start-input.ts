import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { Loop } from "../sys/loop.ts";
import { type FilesPort, WOULD_BLOCK } from "../sys/port/files.ts";

/** What the caller of `start` said on standard input. */
export interface StartInput {
  /** The form of the answer that it understands. */
  readonly answer: "plain" | "protobuf";
  /** The configuration file that its runtime options name; empty for none. */
  readonly configPath: string;
  readonly debug: boolean;
  /** Where the socket is to be; undefined: the usual place. */
  readonly socketDir: string | undefined;
  /** Where events go; empty when it does not say. */
  readonly eventsAddress: string;
}

/** Of a caller that says nothing. */
export const noInput: StartInput = {
  answer: "plain",
  configPath: "",
  debug: false,
  socketDir: undefined,
  eventsAddress: "",
};

/** Runtime options and bootstrap parameters are some hundred bytes. */
const MAX_BYTES = 1 << 20;
const READ_BYTES = 16 * 1024;
/** A caller that has something to say does so at once; one that left a pipe open by mistake must not hang the start. */
const PATIENCE_MS = 500;

/** What reading standard input needs. */
export interface InputDeps {
  readonly sys: Pick<FilesPort, "fstat" | "read">;
  readonly loop: Pick<Loop, "watch" | "setTimer">;
}

/**
 * What the caller wrote to standard input, up to its end. Nothing for a terminal, /dev/null and a closed descriptor, and
 * for a pipe that stays open without a word. Throws KataError `resource-exhausted` above 1 MiB.
 */
export async function readStartInput({ sys, loop }: InputDeps): Promise<Uint8Array> {
  if (!mayHaveInput(sys)) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    const end = (action: () => void) => {
      watch.stop();
      timer.cancel();
      action();
    };
    const timer = loop.setTimer(PATIENCE_MS, () => end(resolve));
    // The descriptor is not made non-blocking: it may be shared with the caller. A readable one does not block.
    const watch = loop.watch(0, { read: true }, () => {
      try {
        const buffer = new Uint8Array(READ_BYTES);
        const count = sys.read(0, buffer);
        if (count === WOULD_BLOCK) return;
        length += count;
        if (length > MAX_BYTES) throw new KataError("resource-exhausted", "Standard input is longer than 1 MiB");
        if (count === 0) end(resolve);
        else chunks.push(buffer.subarray(0, count));
      } catch (error) {
        end(() => reject(error));
      }
    });
  });
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function mayHaveInput(sys: InputDeps["sys"]): boolean {
  try {
    const { kind } = sys.fstat(0);
    return kind === "fifo" || kind === "socket" || kind === "file";
  } catch (error) {
    if (isErrno(error, "EBADF")) return false;
    throw error;
  }
}

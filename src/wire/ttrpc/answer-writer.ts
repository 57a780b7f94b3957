import type { ByteStream } from "../../base/byte-stream.ts";
import type { Codec } from "../codec.ts";
import { ProtobufWriter } from "../protobuf/writer.ts";
import { writeResponse } from "./envelope.ts";

/** Bytes that are held back at most, and how long a frame in pieces may be to be among them. */
const maxHeldBytes = 16 * 1024;
const maxPieceBytes = 1024;
/** Room for a few answers. */
const usualBytes = 1024;

/**
 * Writes a connection's frames. Answers to what came in one chunk are gathered while it is gone through, so that one system
 * call writes them, and wakes the client once.
 */
export class AnswerWriter {
  private readonly stream: ByteStream;
  private readonly onWrite: () => void;
  private gathered: ProtobufWriter | undefined;
  private holding = false;

  /** `onWrite` is called after bytes went to the stream. */
  constructor(stream: ByteStream, onWrite: () => void) {
    this.stream = stream;
    this.onWrite = onWrite;
  }

  /** Frames may be held back until `release`. */
  hold(): void {
    this.holding = true;
  }

  /** A response with a message, encoded where it is gathered. Throws what `writeResponse` throws; nothing is written then. */
  respond<T>(streamId: number, codec: Codec<T>, message: T): void {
    this.gathered ??= new ProtobufWriter(usualBytes);
    writeResponse(this.gathered, streamId, codec, message);
    this.settle(this.gathered);
  }

  /** A frame in pieces. */
  write(pieces: readonly Uint8Array[]): void {
    const only = pieces[0];
    if (this.holding && only !== undefined && pieces.length === 1 && only.length <= maxPieceBytes) {
      this.gathered ??= new ProtobufWriter(usualBytes);
      this.gathered.append(only);
      this.settle(this.gathered);
      return;
    }
    this.flush();
    for (let i = 0; i < pieces.length; i++) this.stream.write(pieces[i] as Uint8Array);
    this.onWrite();
  }

  /** Writes what was held back; frames are written at once from now on. */
  release(): void {
    this.holding = false;
    this.flush();
  }

  private settle(gathered: ProtobufWriter): void {
    if (!this.holding || gathered.position > maxHeldBytes) this.flush();
  }

  private flush(): void {
    const { gathered } = this;
    if (gathered === undefined) return;
    this.gathered = undefined;
    if (gathered.position === 0) return;
    this.stream.write(gathered.finish());
    this.onWrite();
  }
}

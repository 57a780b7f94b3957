import { BodyReader } from "./body-reader.ts";
import { type BodyFraming, HeaderCollector, type HttpHeaders } from "./headers.ts";
import { HttpProtocolError } from "./http-error.ts";
import { LineBuffer } from "./line-buffer.ts";

/** Bounds of one message. */
export interface HttpLimits {
  /** Start line and header section together. */
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
}

/** What the two directions of HTTP do differently. */
export interface MessageRules<Head> {
  /** Makes sense of a head. Throws HttpProtocolError. */
  readHead(startLine: string, headers: HttpHeaders): Head;
  /** How the body is delimited; undefined for none. */
  framing(head: Head): BodyFraming | undefined;
  /** A head is complete; its body may still be under way. */
  onHead(head: Head): void;
  onMessage(head: Head, body: Uint8Array): void;
}

/**
 * Cuts a connection's bytes into HTTP/1.1 messages. Once it has thrown it must not be used: where the next message would
 * begin is unknown.
 */
export class MessageParser<Head> {
  private readonly rules: MessageRules<Head>;
  private readonly limits: HttpLimits;
  private readonly lines = new LineBuffer();
  private headBytes = 0;
  private startLine = "";
  private collector = new HeaderCollector();
  private current: { readonly head: Head; readonly body: BodyReader } | undefined;

  constructor(rules: MessageRules<Head>, limits: HttpLimits) {
    this.rules = rules;
    this.limits = limits;
  }

  /** True when the bytes so far end inside a message. */
  get midMessage(): boolean {
    return this.current !== undefined || this.headBytes > 0 || this.lines.midLine;
  }

  /** Takes the next bytes; they may be reused after the call. Throws HttpProtocolError and what the rules throw. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.current !== undefined) {
        at = this.current.body.take(chunk, at);
        this.finishIfComplete();
      } else {
        const taken = this.lines.take(chunk, at, this.limits.maxHeadBytes - this.headBytes, 431);
        if (taken === undefined) return;
        this.headBytes += taken.length;
        at = taken.next;
        this.receiveLine(taken.line);
      }
    }
  }

  /** The connection ended. Throws HttpProtocolError if that cuts a message short. */
  end(): void {
    if (this.current?.body.end() === true) this.finishIfComplete();
    else if (this.midMessage) throw new HttpProtocolError(400, "The connection ended inside a message");
  }

  private receiveLine(line: string): void {
    if (this.startLine === "") {
      // An empty line in front of a message is skipped (RFC 9112 section 2.2).
      this.startLine = line;
      if (line === "") this.headBytes = 0;
      return;
    }
    if (line !== "") {
      this.collector.add(line);
      return;
    }
    const head = this.rules.readHead(this.startLine, this.collector.headers);
    const framing = this.rules.framing(head) ?? { kind: "length", length: 0 };
    const body = new BodyReader(framing, this.limits.maxBodyBytes);
    this.startLine = "";
    this.headBytes = 0;
    this.collector = new HeaderCollector();
    this.current = { head, body };
    this.rules.onHead(head);
    this.finishIfComplete();
  }

  private finishIfComplete(): void {
    const { current } = this;
    if (current?.body.isFinished !== true) return;
    this.current = undefined;
    this.rules.onMessage(current.head, current.body.bytes());
  }
}

import type { ByteStream } from "../../base/byte-stream.ts";
import { KataError } from "../../base/error.ts";
import type { HttpLimits } from "./message-parser.ts";
import { type HttpResponse, ResponseParser } from "./response-parser.ts";

/** One connection to an HTTP server, for one request at a time. */
export class HttpClientConnection {
  private readonly stream: ByteStream;
  private readonly parser: ResponseParser;
  private pending: { resolve(response: HttpResponse): void; reject(error: unknown): void } | undefined;
  private over = false;
  private heard = false;

  constructor(stream: ByteStream, limits: HttpLimits) {
    this.stream = stream;
    this.parser = new ResponseParser(limits, (response) => {
      const { pending } = this;
      this.pending = undefined;
      if (!response.keepAlive) this.close();
      pending?.resolve(response);
    });
    stream.start({ data: (chunk) => this.receive(chunk), close: (error) => this.ended(error) });
  }

  /** Whether a request can be sent. */
  get isOpen(): boolean {
    return !this.over;
  }

  /** Whether any byte came in answer to the last request. */
  get wasAnswered(): boolean {
    return this.heard;
  }

  /**
   * Sends a request and waits for the whole response. Rejects with `unavailable` when the connection ends first, and with
   * HttpProtocolError for a malformed response; both end the connection.
   */
  exchange(method: string, head: Uint8Array, body: Uint8Array): Promise<HttpResponse> {
    this.heard = false;
    this.parser.expect(method);
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      this.stream.write(head);
      this.stream.write(body);
    });
  }

  /** Ends the connection; a request in flight fails. */
  close(): void {
    if (this.over) return;
    this.over = true;
    this.stream.close();
    this.fail(new KataError("unavailable", "The connection was closed by this side"));
  }

  private receive(chunk: Uint8Array): void {
    if (this.over) return;
    if (this.pending === undefined) {
      // Nobody asked: what follows could be taken for the answer to the next request.
      this.close();
      return;
    }
    this.heard = true;
    try {
      this.parser.push(chunk);
    } catch (error) {
      this.fail(error);
      this.close();
    }
  }

  private ended(error: Error | undefined): void {
    const cut = this.over;
    this.over = true;
    if (cut) return;
    try {
      if (error === undefined) this.parser.end();
      this.fail(new KataError("unavailable", "The server closed the connection", { cause: error }));
    } catch (cause) {
      this.fail(new KataError("unavailable", "The server closed the connection", { cause }));
    }
  }

  private fail(error: unknown): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.reject(error);
  }
}

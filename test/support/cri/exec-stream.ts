import { createHash, randomBytes } from "node:crypto";
import type { Tunnel } from "../net-namespace.ts";

/** Channels of Kubernetes' `v4.channel.k8s.io`: the first byte of every binary message. */
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const protocol = "v4.channel.k8s.io";

/** Opcodes of RFC 6455. */
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const HANDSHAKE_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** An attached or executed process as `kubectl attach` and `kubectl exec` see it: WebSocket to the streaming server. */
export class ExecStream {
  stdout = "";
  stderr = "";
  /** What the server says when it ends: JSON with `status` Success or Failure. */
  error = "";
  /** Settles when the connection is over. */
  readonly closed: Promise<void>;
  private readonly socket: Tunnel;
  private buffered: Buffer = Buffer.alloc(0);

  private constructor(socket: Tunnel) {
    this.socket = socket;
    this.closed = socket.closed;
  }

  /** Opens the URL that Exec or Attach answered with, over a connection that `dial` makes. */
  static async open(url: string, dial: (host: string, port: number) => Tunnel): Promise<ExecStream> {
    const { hostname, port, pathname, search, host } = new URL(url);
    const socket = dial(hostname, Number(port));
    const key = randomBytes(16).toString("base64");
    const stream = new ExecStream(socket);
    const answered = stream.readHead();
    socket.input.write(
      [
        `GET ${pathname}${search} HTTP/1.1`,
        `Host: ${host}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        `Sec-WebSocket-Key: ${key}`,
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Protocol: ${protocol}`,
        `Origin: http://${host}`,
        "\r\n",
      ].join("\r\n"),
    );
    const head = await answered;
    const accept = createHash("sha1").update(`${key}${HANDSHAKE_SUFFIX}`).digest("base64");
    if (!head.startsWith("HTTP/1.1 101") || !head.includes(accept)) throw new Error(`No WebSocket: ${head}`);
    return stream;
  }

  /** Types into the process. */
  write(text: string): void {
    this.send(opcodes.binary, Buffer.concat([Buffer.from([channels.stdin]), Buffer.from(text)]));
  }

  /** Sets the size of its terminal. */
  resize(columns: number, rows: number): void {
    const size = JSON.stringify({ Width: columns, Height: rows });
    this.send(opcodes.binary, Buffer.concat([Buffer.from([channels.resize]), Buffer.from(size)]));
  }

  /** Waits until the output contains `text`. */
  async expectOutput(text: string, timeoutMs = 60_000): Promise<void> {
    const giveUpAt = Date.now() + timeoutMs;
    let over = false;
    void this.closed.then(() => {
      over = true;
    });
    while (!this.stdout.includes(text)) {
      if (over || Date.now() > giveUpAt) {
        throw new Error(
          `The output has no ${JSON.stringify(text)}: ${JSON.stringify([this.stdout, this.stderr, this.error])}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Leaves; an attached process goes on. */
  close(): void {
    this.send(opcodes.close, Buffer.alloc(0));
    this.socket.input.end();
  }

  private readHead(): Promise<string> {
    return new Promise((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        this.buffered = Buffer.concat([this.buffered, chunk]);
        const end = this.buffered.indexOf("\r\n\r\n");
        if (end < 0) return;
        this.socket.output.off("data", onData);
        const head = this.buffered.subarray(0, end).toString();
        this.buffered = this.buffered.subarray(end + 4);
        this.socket.output.on("data", (next: Buffer) => this.receive(next));
        this.receive(Buffer.alloc(0));
        resolve(head);
      };
      this.socket.output.on("data", onData);
      void this.closed.then(() => reject(new Error(`The connection ended: ${this.buffered.toString()}`)));
    });
  }

  private receive(chunk: Buffer): void {
    this.buffered = Buffer.concat([this.buffered, chunk]);
    for (let frame = this.takeFrame(); frame !== undefined; frame = this.takeFrame()) {
      const { opcode, payload } = frame;
      if (opcode === opcodes.close) this.socket.cut();
      else if (opcode === opcodes.ping) this.send(opcodes.pong, payload);
      else if (opcode === opcodes.binary || opcode === opcodes.text) this.deliver(payload);
      else if (opcode !== opcodes.pong) throw new Error(`Unexpected WebSocket frame of type ${opcode}`);
    }
  }

  private deliver(payload: Buffer): void {
    const text = payload.subarray(1).toString();
    if (payload[0] === channels.stdout) this.stdout += text;
    else if (payload[0] === channels.stderr) this.stderr += text;
    else if (payload[0] === channels.error) this.error += text;
  }

  /** The next whole frame; servers do not mask theirs. */
  private takeFrame(): { readonly opcode: number; readonly payload: Buffer } | undefined {
    const { buffered } = this;
    if (buffered.length < 2) return undefined;
    const short = buffered.readUInt8(1) & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (buffered.length < start) return undefined;
    const length =
      short === 126 ? buffered.readUInt16BE(2) : short === 127 ? Number(buffered.readBigUInt64BE(2)) : short;
    if (buffered.length < start + length) return undefined;
    this.buffered = buffered.subarray(start + length);
    return { opcode: buffered.readUInt8(0) & 0x0f, payload: buffered.subarray(start, start + length) };
  }

  /** Clients mask what they send, with any key. */
  private send(opcode: number, payload: Buffer): void {
    const head = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 0xff];
    const [length = 0, ...more] = head;
    const mask = randomBytes(4);
    const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    this.socket.input.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | length, ...more]), mask, masked]));
  }
}

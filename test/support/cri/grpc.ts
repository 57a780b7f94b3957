import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import type { MethodName, RequestOf, ResponseOf, ServiceDefinition } from "../../../src/wire/codec.ts";
import type { DeepPartial, MessageType } from "../../../src/wire/protobuf/message-type.ts";

/** What a gRPC server answered instead of a message. */
export class GrpcError extends Error {
  /** A status code of gRPC, such as 5 for NOT_FOUND; 2 (UNKNOWN) when the answer had none. */
  readonly code: number;

  constructor(method: string, code: number, text: string) {
    super(`${method}: ${text} (gRPC status ${code})`);
    this.code = code;
  }
}

/** Codes of gRPC that the tests look for. */
export const grpcCodes = { unknown: 2, deadlineExceeded: 4, notFound: 5, unimplemented: 12, unavailable: 14 } as const;

/** The unary part of gRPC over a unix socket: a POST per call, one framed message each way, the status in the trailers. */
export class GrpcConnection {
  private readonly session: ClientHttp2Session;

  constructor(socketPath: string) {
    // Go's server refuses what a socket's path would make of the authority.
    this.session = connect("http://localhost", { createConnection: () => connectSocket(socketPath) });
    // Every call reports the failure itself.
    this.session.on("error", () => {});
  }

  /** Makes a call. Rejects with GrpcError for an error status, and with Error when the connection breaks. */
  async call<S extends ServiceDefinition, M extends MethodName<S>>(
    service: S,
    method: M,
    request: DeepPartial<RequestOf<S, M>>,
    timeoutMs: number,
  ): Promise<ResponseOf<S, M>> {
    const definition = service.methods[method];
    if (definition === undefined) throw new Error(`No method ${method} in ${service.name}`);
    const type = definition.request as MessageType<object>;
    const payload = type.encode(type.create(request as object)).finish();
    const { body, trailers } = await this.post(`/${service.name}/${method}`, frame(payload), timeoutMs);
    const status = Number(trailers["grpc-status"] ?? grpcCodes.unknown);
    if (status !== 0) throw new GrpcError(method, status, decodeURIComponent(String(trailers["grpc-message"] ?? "")));
    return definition.response.decode(unframe(body)) as ResponseOf<S, M>;
  }

  close(): void {
    this.session.destroy();
  }

  private post(
    path: string,
    body: Uint8Array,
    timeoutMs: number,
  ): Promise<{ readonly body: Buffer; readonly trailers: IncomingHttpHeaders }> {
    return new Promise((resolve, reject) => {
      const stream = this.session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        "grpc-timeout": `${timeoutMs}m`,
      });
      const chunks: Buffer[] = [];
      let trailers: IncomingHttpHeaders = {};
      // An error without a message comes in the headers already, with no trailers.
      const note = (headers: IncomingHttpHeaders) => {
        trailers = { ...trailers, ...headers };
      };
      const timer = setTimeout(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(new GrpcError(path, grpcCodes.deadlineExceeded, `no answer within ${timeoutMs} ms`));
      }, timeoutMs + 5000);
      stream.on("response", note);
      stream.on("trailers", note);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("error", reject);
      stream.once("close", () => {
        clearTimeout(timer);
        resolve({ body: Buffer.concat(chunks), trailers });
      });
      stream.end(body);
    });
  }
}

/** Length-prefixed message of gRPC: a byte for compression, four for the length. */
function frame(payload: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(5 + payload.length);
  framed.writeUInt32BE(payload.length, 1);
  framed.set(payload, 5);
  return framed;
}

function unframe(body: Buffer): Uint8Array {
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) {
    throw new Error(`The answer is not one uncompressed message: ${body.length} bytes`);
  }
  return new Uint8Array(body.subarray(5));
}

import type { KataError } from "../../base/error.ts";
import { decodeResponse } from "./envelope.ts";
import { frameTypes } from "./frame.ts";
import { type CallTarget, PendingCall, type RpcOptions } from "./pending-call.ts";

/** A call with one response. */
export class UnaryCall<T> extends PendingCall {
  readonly requestFlags = 0;
  readonly result: Promise<T>;
  private readonly decode: (payload: Uint8Array) => T;
  private resolve: (value: T) => void = unset;
  private reject: (error: KataError) => void = unset;

  constructor(
    target: CallTarget,
    payload: readonly Uint8Array[],
    options: RpcOptions,
    decode: (payload: Uint8Array) => T,
  ) {
    super(target, payload, options);
    this.decode = decode;
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  receive(type: number, _flags: number, payload: Uint8Array): boolean {
    if (type !== frameTypes.response) {
      this.fail(this.unexpected(type));
      return true;
    }
    let value: T;
    try {
      const response = decodeResponse(payload);
      if (response.error !== undefined) {
        this.fail(response.error);
        return true;
      }
      value = this.decode(response.payload);
    } catch (error) {
      this.fail(this.malformed(error));
      return true;
    }
    if (this.settle()) this.resolve(value);
    return true;
  }

  fail(error: KataError): void {
    if (this.settle()) this.reject(error);
  }
}

function unset(): void {
  throw new Error("Promise executors run at once");
}

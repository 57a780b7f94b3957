import type { ByteStream } from "../../base/byte-stream.ts";
import { utf8Encode } from "../../base/bytes.ts";
import type { CallOptions } from "../../base/cancel.ts";
import type { Clock } from "../../base/clock.ts";
import { KataError } from "../../base/error.ts";
import type { Logger } from "../../base/logger.ts";
import { LineDecoder } from "../line-decoder.ts";
import { Waiter } from "../waiter.ts";
import { commandError } from "./qmp-error.ts";
import { type JsonObject, parseQmpMessage, type QmpEvent, type QmpGreeting, type QmpMessage } from "./qmp-message.ts";

/** A stream that can also pass descriptors along with bytes (SCM_RIGHTS): what `getfd` and `add-fd` need. */
export interface DescriptorStream extends ByteStream {
  /** As `write`; the descriptors arrive with the first byte of `chunk`. They stay the caller's. Throws for one that is not open. */
  writeWithDescriptors(chunk: Uint8Array, descriptors: readonly number[]): void;
}

export interface QmpDeps {
  /** Connected and not started; the client takes it over. */
  readonly stream: ByteStream | DescriptorStream;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface QmpOptions extends CallOptions {
  /** Gets every event from the first one on, also those that come before `connect` resolves. */
  readonly onEvent?: (event: QmpEvent) => void;
  /** Longest line taken from QEMU; 4 MiB unless said otherwise. */
  readonly maxLineBytes?: number;
  /** Timeout of commands that set none; 30 s unless said otherwise. */
  readonly commandTimeoutMs?: number;
}

interface PendingCommand {
  readonly command: string;
  readonly waiter: Waiter<unknown>;
}

/** Commands that were given up and may still be answered; an answer to any other unknown id is a breach of protocol. */
const maxAbandoned = 4096;

/**
 * A connection to QEMU's monitor (docs/interop/qmp-spec): JSON lines, any number of commands at once. Bytes that are not
 * QMP end the connection: every command fails with `unavailable` and the cause.
 */
export class QmpClient {
  /** Resolves when the connection is over, with the reason; never rejects. */
  readonly closed: Promise<KataError>;
  private readonly deps: QmpDeps;
  private readonly commandTimeoutMs: number;
  private readonly pending = new Map<number, PendingCommand>();
  private readonly abandoned = new Set<number>();
  /** Waits for events and the greeting. */
  private readonly waiters = new Set<Pick<Waiter<unknown>, "reject">>();
  private readonly listeners = new Set<(event: QmpEvent) => void>();
  private nextId = 1;
  private greetingOrNone: QmpGreeting | undefined;
  private onGreeting: () => void = () => {};
  private end: KataError | undefined;
  private resolveClosed: (reason: KataError) => void = () => undefined;

  /**
   * Waits for the greeting and leaves negotiation mode (`qmp_capabilities`). Rejects with `unavailable` and the cause when
   * the connection ends or speaks something else, `deadline-exceeded` (10 s unless `timeoutMs` says otherwise), `cancelled`.
   */
  static async connect(deps: QmpDeps, options: QmpOptions = {}): Promise<QmpClient> {
    const client = new QmpClient(deps, options);
    try {
      await client.negotiate({ timeoutMs: 10_000, ...options });
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  private constructor(deps: QmpDeps, options: QmpOptions) {
    this.deps = deps;
    this.commandTimeoutMs = options.commandTimeoutMs ?? 30_000;
    if (options.onEvent !== undefined) this.listeners.add(options.onEvent);
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    const decoder = new LineDecoder(options.maxLineBytes ?? 4 << 20, (line) => this.receiveLine(line));
    deps.stream.start({
      data: (chunk) => {
        try {
          if (this.end === undefined) decoder.push(chunk);
        } catch (error) {
          this.finish(new KataError("unavailable", "The QMP connection broke", { cause: error }));
        }
      },
      close: (error) => this.finish(new KataError("unavailable", "The QMP connection was closed", { cause: error })),
    });
  }

  /** What QEMU said first. */
  get greeting(): QmpGreeting {
    if (this.greetingOrNone === undefined) throw new Error("A client that connect() returned has been greeted");
    return this.greetingOrNone;
  }

  /**
   * Runs a command and returns its `return` value, which the caller checks. Rejects with a KataError whose cause is a
   * QmpError when QEMU refuses; `unavailable` when the connection ends; `deadline-exceeded` and `cancelled` by `options`,
   * after which QEMU may still run the command.
   */
  execute(command: string, args?: JsonObject, options: CallOptions = {}): Promise<unknown> {
    return this.submit(command, args, options, (line) => this.deps.stream.write(line));
  }

  /** As `execute`, with descriptors that QEMU receives together with the command. */
  executeWithDescriptors(
    command: string,
    args: JsonObject,
    descriptors: readonly number[],
    options: CallOptions = {},
  ): Promise<unknown> {
    const { stream } = this.deps;
    if (!("writeWithDescriptors" in stream)) {
      return Promise.reject(new KataError("unimplemented", "This QMP connection cannot pass descriptors"));
    }
    return this.submit(command, args, options, (line) => stream.writeWithDescriptors(line, descriptors));
  }

  /** Calls `listener` with each event from now on; returns a function that ends that. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /**
   * Resolves with the next event that `matches`. Call it before the command that causes the event. Rejects with
   * `unavailable` when the connection ends, `deadline-exceeded` (30 s unless `timeoutMs` says otherwise), `cancelled`.
   */
  waitForEvent(matches: (event: QmpEvent) => boolean, options: CallOptions = {}): Promise<QmpEvent> {
    const wait = this.waiter<QmpEvent>("wait for a QMP event", options);
    const stop = this.onEvent((event) => {
      if (matches(event)) wait.resolve(event);
    });
    return wait.promise.finally(stop);
  }

  /** Ends the connection; commands in flight fail with `unavailable`. */
  close(): void {
    this.finish(new KataError("unavailable", "The QMP connection was closed by this side"));
  }

  private async negotiate(options: CallOptions): Promise<void> {
    const greeted = this.waiter<void>("wait for QEMU's greeting", options);
    this.onGreeting = () => greeted.resolve();
    await greeted.promise;
    await this.execute("qmp_capabilities", undefined, options);
  }

  private async submit(
    command: string,
    args: JsonObject | undefined,
    options: CallOptions,
    send: (line: Uint8Array) => void,
  ): Promise<unknown> {
    if (this.end !== undefined) throw this.lost(command);
    const id = this.nextId++;
    const line = utf8Encode(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    const timed = { timeoutMs: this.commandTimeoutMs, ...options };
    const waiter = new Waiter<unknown>(this.deps.clock, `QMP command ${command}`, timed, () => this.abandon(id));
    if (!waiter.isOver) {
      this.pending.set(id, { command, waiter });
      try {
        send(line);
      } catch (error) {
        this.pending.delete(id);
        waiter.reject(error);
      }
    }
    return waiter.promise;
  }

  /** A wait that ends with the connection at the latest. */
  private waiter<T>(what: string, options: CallOptions): Waiter<T> {
    const waiter = new Waiter<T>(this.deps.clock, what, { timeoutMs: this.commandTimeoutMs, ...options });
    if (this.end !== undefined) waiter.reject(this.end);
    this.waiters.add(waiter);
    const forget = () => this.waiters.delete(waiter);
    waiter.promise.then(forget, forget);
    return waiter;
  }

  private abandon(id: number): void {
    if (!this.pending.delete(id)) return;
    this.abandoned.add(id);
    for (const oldest of this.abandoned) {
      if (this.abandoned.size <= maxAbandoned) break;
      this.abandoned.delete(oldest);
    }
  }

  private receiveLine(line: Uint8Array): void {
    if (line.length === 0 || (line.length === 1 && line[0] === 0x0d) || this.end !== undefined) return;
    const message = parseQmpMessage(line);
    if (message.kind === "event") this.deliver(message.event);
    else if (message.kind === "greeting") this.greet(message.greeting);
    else if (this.greetingOrNone === undefined) throw new KataError("data-loss", "QEMU answered before its greeting");
    else this.answer(message);
  }

  private greet(greeting: QmpGreeting): void {
    if (this.greetingOrNone !== undefined) throw new KataError("data-loss", "QEMU sent a second greeting");
    this.greetingOrNone = greeting;
    this.onGreeting();
  }

  private answer(message: QmpMessage & { kind: "return" | "error" }): void {
    const { id } = message;
    const pending = typeof id === "number" ? this.pending.get(id) : undefined;
    if (typeof id === "number" && pending !== undefined) {
      this.pending.delete(id);
      if (message.kind === "return") pending.waiter.resolve(message.value);
      else pending.waiter.reject(commandError(pending.command, message.class, message.description));
    } else if (typeof id !== "number" || !this.abandoned.delete(id)) {
      const text = message.kind === "error" ? `: ${message.description}` : "";
      throw new KataError("data-loss", `QEMU answered a command that is not pending, id ${JSON.stringify(id)}${text}`);
    }
  }

  private deliver(event: QmpEvent): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.deps.logger.error("QMP event listener threw", { event: event.name, error: KataError.from(error) });
      }
    }
  }

  private finish(reason: KataError): void {
    if (this.end !== undefined) return;
    this.end = reason;
    const orphans = [...this.pending.values()];
    this.pending.clear();
    for (const { command, waiter } of orphans) waiter.reject(this.lost(command));
    for (const waiter of [...this.waiters]) waiter.reject(reason);
    this.resolveClosed(reason);
    this.deps.stream.close();
  }

  private lost(command: string): KataError {
    return new KataError("unavailable", `No QMP connection for the command ${command}`, { cause: this.end });
  }
}

import type { ByteStream } from "../base/byte-stream.ts";
import type { CancelSignal } from "../base/cancel.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { BoundedQueue } from "../base/queue.ts";
import { packAny } from "../wire/any.ts";
import type { Envelope } from "../wire/gen/containerd/types/event.ts";
import type { MessageType } from "../wire/protobuf/message-type.ts";
import { eventsService } from "../wire/services/events.ts";
import { TtrpcClient } from "../wire/ttrpc/client.ts";
import { createClient, type ServiceClient } from "../wire/ttrpc/create-client.ts";
import { toTimestamp } from "./timestamp.ts";

/** How long containerd may take to take an event. */
const PUBLISH_TIMEOUT_MS = 5000;
/** After so long without an answer it is away, too: nobody waits for it any more, until it takes an event. */
const PATIENCE_MS = 2000;
/** Events that wait for a follower; one that falls further behind has lost the order and is cut off. As many wait for containerd. */
const MAX_WAITING = 1024;
/** How long an event waits for a containerd that is away, such as one that is being restarted; and between two tries. */
const KEEP_MS = 60_000;
const RETRY_MS = 500;

export interface EventDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Connects to containerd; undefined when nobody wants events: then they are only logged. */
  readonly connect: (() => Promise<ByteStream>) | undefined;
}

interface Waiting {
  readonly topic: string;
  readonly envelope: Envelope;
  readonly sinceMs: number;
  /** Nobody is to wait any longer. */
  readonly resolve: () => void;
}

/**
 * Publishes events to containerd, one after the other, in the order of the calls. A containerd that is away for a while gets
 * them later; one that hangs holds nobody up for more than 2 s in all.
 */
export class EventPublisher {
  private readonly deps: EventDeps;
  private readonly namespace: string;
  private readonly followers = new Set<BoundedQueue<Envelope>>();
  private readonly waiting: Waiting[] = [];
  private tail: Promise<void> = Promise.resolve();
  private sending = false;
  private away = false;
  private connection:
    | { readonly client: TtrpcClient; readonly events: ServiceClient<typeof eventsService> }
    | undefined;

  constructor(deps: EventDeps, options: { readonly namespace: string }) {
    this.deps = deps;
    this.namespace = options.namespace;
  }

  /** Publishes an event; resolves when containerd has it, does not take it or is away. Never rejects. */
  publish<T extends object>(topic: string, type: MessageType<T>, message: T): Promise<void> {
    this.deps.logger.debug("event", { topic });
    if (this.deps.connect === undefined && this.followers.size === 0) return this.tail;
    const envelope: Envelope = {
      timestamp: toTimestamp(this.deps.clock.wallMs()),
      namespace: this.namespace,
      topic,
      event: packAny(type, message),
    };
    for (const follower of this.followers) {
      if (!follower.push(envelope)) this.leave(follower, tooSlow());
    }
    if (this.deps.connect === undefined) return this.tail;
    if (this.waiting.length >= MAX_WAITING) {
      this.deps.logger.warn("an event is lost: too many wait for containerd", { topic });
      return this.tail;
    }
    this.tail = new Promise((resolve) => {
      this.waiting.push({ topic, envelope, sinceMs: this.deps.clock.nowMs(), resolve });
      if (this.away) resolve();
    });
    void this.sendAll();
    return this.tail;
  }

  /** The events from now on, until `signal` fires; for callers that ask for them instead of being sent them. */
  follow(signal: CancelSignal): AsyncIterable<Envelope> {
    const queue = new BoundedQueue<Envelope>({ limit: MAX_WAITING });
    this.followers.add(queue);
    signal.addEventListener("abort", () => this.leave(queue));
    if (signal.aborted) this.leave(queue);
    return queue;
  }

  /** Resolves when every event published so far is delivered or given up, or containerd is away. */
  flush(): Promise<void> {
    return this.tail;
  }

  private leave(follower: BoundedQueue<Envelope>, reason?: KataError): void {
    this.followers.delete(follower);
    follower.close(reason);
  }

  private async sendAll(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      const late = this.deps.clock.setTimer(PATIENCE_MS, () => this.noteAway(hangs()));
      try {
        await this.forward(next.envelope).finally(() => late.cancel());
        this.away = false;
      } catch (error) {
        const problem = KataError.from(error);
        if (problem.code === "unavailable") {
          this.noteAway(problem);
          this.giveUpOld(problem);
          await sleep(this.deps.clock, RETRY_MS);
          continue;
        }
        this.deps.logger.warn("containerd did not take an event", { topic: next.topic, error: problem });
      }
      this.waiting.shift();
      next.resolve();
    }
    this.sending = false;
  }

  private giveUpOld(error: KataError): void {
    const since = this.deps.clock.nowMs() - KEEP_MS;
    while (this.waiting[0] !== undefined && this.waiting[0].sinceMs <= since) {
      this.deps.logger.warn("an event is lost: containerd is away", { topic: this.waiting.shift()?.topic, error });
    }
  }

  private noteAway(error: KataError): void {
    if (!this.away) this.deps.logger.warn("containerd is away: its events wait", { error });
    this.away = true;
    for (const { resolve } of this.waiting) resolve();
  }

  private async forward(envelope: Envelope): Promise<void> {
    const request = { envelope };
    const first = await this.connected();
    try {
      await first.events.forward(request, { timeoutMs: PUBLISH_TIMEOUT_MS });
    } catch (error) {
      // containerd restarts while its shims live on: a connection that broke is made anew, once.
      if (KataError.from(error).code !== "unavailable") throw error;
      const second = await this.connected();
      await second.events.forward(request, { timeoutMs: PUBLISH_TIMEOUT_MS });
    }
  }

  private async connected(): Promise<NonNullable<EventPublisher["connection"]>> {
    if (this.connection !== undefined) return this.connection;
    const { connect, clock, logger } = this.deps;
    if (connect === undefined) throw new KataError("failed-precondition", "There is nobody to publish events to");
    const stream = await connect().catch((error: unknown) => {
      throw new KataError("unavailable", "Cannot connect to containerd", { cause: error });
    });
    const client = new TtrpcClient({ stream, clock, logger });
    const connection = { client, events: createClient(eventsService, client) };
    this.connection = connection;
    void client.closed.then(() => {
      if (this.connection === connection) this.connection = undefined;
    });
    return connection;
  }
}

function hangs(): KataError {
  return new KataError("deadline-exceeded", `It has not answered for ${PATIENCE_MS / 1000} s`);
}

function tooSlow(): KataError {
  return new KataError("resource-exhausted", `More than ${MAX_WAITING} events were waiting to be read`);
}

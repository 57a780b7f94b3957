import type { ByteStream } from "../base/byte-stream.ts";
import { utf8Decode } from "../base/bytes.ts";
import type { CancelSignal } from "../base/cancel.ts";
import { type Clock, sleep } from "../base/clock.ts";
import type { Deadline } from "../base/deadline.ts";
import { LineBudget } from "../base/foreign-lines.ts";
import type { LogFields, Logger, LogLevel } from "../base/logger.ts";
import type { ChannelAddress } from "../hypervisor/hypervisor.ts";
import { LineDecoder } from "../wire/line-decoder.ts";
import { type OpenChannel, TryPatience } from "./open-channel.ts";

/** The guest's lines are hostile: longer ones end the channel, and only so many fields of one are taken over. */
const MAX_LINE_BYTES = 16 * 1024;
const MAX_FIELDS = 16;
const MAX_VALUE_LENGTH = 1024;
const RETRY_MS = 50;

/** The names of slog's levels, which upstream's agent writes. */
const levels: Readonly<Record<string, LogLevel>> = {
  TRCE: "trace",
  DEBG: "debug",
  INFO: "info",
  WARN: "warn",
  ERRO: "error",
  CRIT: "error",
};

/** Fields that say nothing on the host. */
const dropped = new Set(["msg", "level", "ts", "name", "source", "version", "pid"]);

/**
 * Copies the agent's log channel into `logger`. Losing the channel is no reason to fail a sandbox: it is reported once,
 * at level warn.
 */
export function followAgentLog(
  deps: { readonly open: OpenChannel; readonly clock: Clock; readonly logger: Logger },
  address: ChannelAddress | undefined,
  options: { readonly deadline: Deadline; readonly signal: CancelSignal },
): { stop(): void } {
  let stopped = false;
  let stream: ByteStream | undefined;
  const logger = deps.logger.child({ source: "agent" });
  const follow = async (channel: ChannelAddress) => {
    stream = await openPatiently(deps, channel, options, () => stopped);
    if (stream === undefined) return;
    if (stopped) return stream.close();
    const budget = new LineBudget({ clock: deps.clock, logger }, "agent");
    const lines = new LineDecoder(MAX_LINE_BYTES, (line) => {
      if (budget.take()) forward(logger, utf8Decode(line));
    });
    stream.start({
      data: (chunk) => lines.push(chunk),
      close: (error) => {
        if (!stopped && error !== undefined) logger.warn("agent log channel lost", { error });
      },
    });
  };
  if (address !== undefined) {
    follow(address).catch((error: unknown) => {
      if (!stopped)
        logger.warn("no agent log channel", { error: error instanceof Error ? error : new Error(String(error)) });
    });
  }
  return {
    stop() {
      stopped = true;
      stream?.close();
    },
  };
}

/** Retries until the guest is up; undefined when nobody wants it any more. */
async function openPatiently(
  deps: { readonly open: OpenChannel; readonly clock: Clock },
  address: ChannelAddress,
  { deadline, signal }: { readonly deadline: Deadline; readonly signal: CancelSignal },
  stopped: () => boolean,
): Promise<ByteStream | undefined> {
  const patience = new TryPatience();
  for (;;) {
    if (stopped() || signal.aborted) return undefined;
    try {
      return await deps.open(address, { timeoutMs: patience.bound(deadline.remainingMs()), signal });
    } catch (error) {
      patience.failed(error);
      if (stopped() || signal.aborted) return undefined;
      if (deadline.remainingMs() <= RETRY_MS) throw error;
    }
    await sleep(deps.clock, RETRY_MS);
  }
}

/** Logs one line of the guest: a JSON record of the agent, or whatever else was written there. */
export function forward(logger: Logger, line: string): void {
  if (line.trim() === "") return;
  const record = parseRecord(line);
  if (record === undefined) {
    logger.info("agent output", { line: line.slice(0, MAX_VALUE_LENGTH) });
    return;
  }
  const fields: Record<string, LogFields[string]> = {};
  for (const [key, value] of Object.entries(record)) {
    if (Object.keys(fields).length >= MAX_FIELDS) break;
    if (!dropped.has(key) && /^[\w.-]{1,64}$/.test(key) && key !== "__proto__") fields[key] = text(value);
  }
  const level = levels[text(record.level)] ?? "info";
  logger.log(level, text(record.msg), fields);
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "msg" in value ? { ...value } : undefined;
  } catch {
    // Not JSON: shown as it is.
    return undefined;
  }
}

function text(value: unknown): string {
  const whole = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return whole.slice(0, MAX_VALUE_LENGTH);
}

import type { CallOptions, CancelSignal } from "../base/cancel.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { AgentChannels, ChannelAddress } from "../hypervisor/hypervisor.ts";
import { agentCalls, healthService } from "../wire/services/agent-calls.ts";
import { TtrpcClient } from "../wire/ttrpc/client.ts";
import { createClient, type ServiceClient } from "../wire/ttrpc/create-client.ts";
import { followAgentLog } from "./agent-log.ts";
import type { OpenChannel } from "./open-channel.ts";
import { channelText, TryPatience } from "./open-channel.ts";

/** A connection to the agent of a running guest. */
export interface AgentConnection {
  /** The agent's methods as functions. */
  readonly agent: ServiceClient<typeof agentCalls>;
  readonly health: ServiceClient<typeof healthService>;
  /** Counts what came from the agent: it grows as long as the agent shows any sign of life. */
  heard(): number;
  /** Settles with the reason when the connection is over; never rejects. */
  readonly closed: Promise<KataError>;
  /** Ends it: calls in flight fail with `unavailable` and this cause. */
  close(cause?: unknown): void;
}

/** What dialling needs. */
export interface DialDeps {
  readonly open: OpenChannel;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Pause between two tries. A guest that is not up refuses at once, so this bounds both the wait after it came up and the
 * load while it boots.
 */
const RETRY_MS = 10;

/**
 * Connects to the agent and resolves once it has answered a health check. Nothing has to be up yet: refused connections
 * are tried again until `timeoutMs` is over. The caller watches the VMM meanwhile and cancels through `signal` when it dies.
 *
 * Rejects with KataError `deadline-exceeded` (the last refusal is the cause) or with the signal's reason.
 */
export async function dialAgent(
  deps: DialDeps,
  channels: AgentChannels,
  options: Required<CallOptions>,
): Promise<AgentConnection> {
  const deadline = new Deadline(deps.clock, options.timeoutMs);
  const log = followAgentLog(deps, channels.log, { deadline, signal: options.signal });
  const patience = new TryPatience();
  for (;;) {
    try {
      const connection = await connectOnce(deps, channels.agent, patience, {
        timeoutMs: deadline.remainingMs(),
        signal: options.signal,
      });
      void connection.closed.then(() => log.stop());
      return connection;
    } catch (error) {
      const ending = giveUp(error, options, deadline, channels.agent);
      if (ending !== undefined) {
        log.stop();
        throw ending;
      }
    }
    await sleep(deps.clock, RETRY_MS);
  }
}

async function connectOnce(
  deps: DialDeps,
  address: ChannelAddress,
  patience: TryPatience,
  options: Required<CallOptions>,
): Promise<AgentConnection> {
  const { signal, timeoutMs } = options;
  const stream = await deps.open(address, { signal, timeoutMs: patience.bound(timeoutMs) }).catch((error: unknown) => {
    patience.failed(error);
    throw error;
  });
  const client = new TtrpcClient({ stream, clock: deps.clock, logger: deps.logger });
  const health = createClient(healthService, client);
  try {
    // A port takes bytes only once the guest has opened it, so the answer needs no polling.
    await health.check({ service: "" }, options);
  } catch (error) {
    client.close(error);
    throw error;
  }
  const calls = deps.logger.enabled("debug") ? (await import("./call-log.ts")).logCalls(client, deps) : client;
  return {
    agent: createClient(agentCalls, calls),
    health,
    heard: () => client.receivedFrames,
    closed: client.closed,
    close: (cause) => client.close(cause),
  };
}

/** What to reject with, or undefined to try again. */
function giveUp(
  error: unknown,
  { signal, timeoutMs }: { readonly signal: CancelSignal; readonly timeoutMs: number },
  deadline: Deadline,
  address: ChannelAddress,
): unknown {
  if (signal.aborted) return signal.reason;
  if (deadline.remainingMs() > RETRY_MS) return undefined;
  return new KataError(
    "deadline-exceeded",
    `The agent did not answer within ${timeoutMs / 1000} s on ${channelText(address)}`,
    {
      hint: "Look at the guest's console; a slow host may need a larger dial_timeout in [agent.kata]",
      cause: error,
    },
  );
}

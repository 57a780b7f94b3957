import { type Clock, sleep, type Timer } from "../base/clock.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { AgentConnection } from "./agent-api.ts";
import { healthLimits as limits } from "./deadlines.ts";

export interface HealthDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The VMM works, or waits for the host's CPUs or disks: then a silent guest may merely be slow. */
  readonly vmIsBusy: () => boolean;
  /** The agent has been silent for so long that the VM is to be ended. */
  readonly lost: (cause: KataError) => void;
}

/**
 * Watches whether a guest's agent answers. One that is silent is taken to hang: calls for it should fail at once then, and
 * whoever wants something to end ends the VM. That is taken back when it answers again, as a VM does that was stopped for a
 * while. Time is counted in the monitor's own ticks: a shim that did not run itself cannot judge others.
 */
export class HealthMonitor {
  private readonly deps: HealthDeps;
  private readonly connection: Pick<AgentConnection, "health" | "heard">;
  private timer: Timer | undefined;
  private stopped = false;
  private asking = false;
  private heard = 0;
  private silentTicks = 0;
  private calmTicks = 0;
  private problem: KataError | undefined;

  constructor(deps: HealthDeps, connection: Pick<AgentConnection, "health" | "heard">) {
    this.deps = deps;
    this.connection = connection;
    this.schedule();
  }

  /** Why the agent is taken to hang; undefined while it is not. */
  get hang(): KataError | undefined {
    return this.problem;
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /**
   * Waits for a call that somebody is in a hurry for: an agent that is late is asked whether it is alive, and the call fails
   * with the hang when it is not. With `patient` a VM that works is given more time to say so.
   */
  async urgent<T>(call: Promise<T>, options: { readonly patient: boolean }): Promise<T> {
    const settled = call.then(
      () => true,
      () => true,
    );
    const inTime = await Promise.race([settled, sleep(this.deps.clock, limits.urgentMs)]);
    if (inTime === true || (await this.answers(limits.urgentCheckMs))) return call;
    const giveUpAt = this.deps.clock.nowMs() + limits.patienceMs;
    while (options.patient && this.deps.clock.nowMs() < giveUpAt && this.deps.vmIsBusy()) {
      if (await this.answers(limits.urgentCheckMs)) return call;
    }
    throw this.found(limits.urgentMs + limits.urgentCheckMs);
  }

  /** Any sign of life counts, a late answer to an earlier question too. */
  private async answers(timeoutMs: number): Promise<boolean> {
    const before = this.connection.heard();
    await this.connection.health.check({ service: "" }, { timeoutMs }).catch(() => {});
    return this.connection.heard() !== before;
  }

  private schedule(): void {
    this.timer = this.deps.clock.setTimer(limits.intervalMs, () => this.tick());
  }

  private tick(): void {
    const heard = this.connection.heard();
    if (heard !== this.heard || !this.asking) {
      this.heard = heard;
      this.alive();
    } else this.silent();
    if (!this.asking) void this.ask();
    if (!this.stopped) this.schedule();
  }

  /** One question at a time, without a deadline: a guest that hangs for long must not find a heap of them. */
  private async ask(): Promise<void> {
    this.asking = true;
    try {
      await this.connection.health.check({ service: "" });
    } catch (error) {
      // An error is an answer, too; the end of the connection is noticed elsewhere.
      this.deps.logger.debug("health check", { error: KataError.from(error) });
    }
    this.asking = false;
  }

  private alive(): void {
    this.silentTicks = 0;
    this.calmTicks = 0;
    if (this.problem === undefined) return;
    this.problem = undefined;
    this.deps.logger.info("the agent answers again");
  }

  private silent(): void {
    this.silentTicks++;
    if (this.silentTicks >= limits.hangTicks) this.found(this.silentTicks * limits.intervalMs);
    if (!this.deps.vmIsBusy()) this.calmTicks++;
    if (this.calmTicks < limits.lostTicks) return;
    this.stop();
    this.deps.lost(hangError(this.silentTicks * limits.intervalMs));
  }

  private found(silentMs: number): KataError {
    if (this.problem === undefined) {
      this.problem = hangError(silentMs);
      this.deps.logger.error("the agent does not answer", { error: this.problem });
    }
    return this.problem;
  }
}

function hangError(silentMs: number): KataError {
  return new KataError("deadline-exceeded", `The guest's agent hangs: it has not answered for ${silentMs / 1000} s`, {
    hint: "The guest may be stopped, out of memory or starved of CPU: look at its console; killing the container by force ends the VM",
  });
}

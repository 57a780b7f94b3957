import type { ByteStream } from "../../base/byte-stream.ts";
import type { CallOptions } from "../../base/cancel.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { QmpClient } from "../../wire/qmp/qmp-client.ts";
import type { QmpEvent } from "../../wire/qmp/qmp-message.ts";

/** How a guest can end its VM. */
export type GuestEnd = "power-off" | "reset" | "panic";

/** The conversation with QEMU: the client, and what QEMU has told by itself. */
export class Monitor {
  readonly client: Promise<QmpClient>;
  /** Resolves when the conversation is over. */
  readonly ended: Promise<unknown>;
  /** Set once QEMU has said that the guest ended the VM. */
  guestEnd: GuestEnd | undefined;
  private readonly logger: Logger;

  /** Begins to talk on a connected stream, which is taken over. */
  constructor(
    deps: { readonly stream: ByteStream; readonly clock: Clock; readonly logger: Logger },
    options: CallOptions,
  ) {
    this.logger = deps.logger;
    this.client = QmpClient.connect(deps, { ...options, onEvent: (event) => this.note(event) });
    // Whoever awaits it gets the error; the VMM's exit tells more than a lost connection does.
    this.ended = this.client.then(
      (client) => client.closed,
      () => undefined,
    );
  }

  private note({ name, data }: QmpEvent): void {
    this.logger.debug("qmp event", { event: name, data: JSON.stringify(data).slice(0, 500) });
    if (name === "GUEST_PANICKED") this.guestEnd = "panic";
    if (name !== "SHUTDOWN" || data.guest !== true) return;
    if (data.reason === "guest-panic") this.guestEnd = "panic";
    else this.guestEnd ??= data.reason === "guest-reset" ? "reset" : "power-off";
  }
}

/** The guest's part in the end of a VM, in words; the console has them when the kernel gave up. */
export function describeGuestEnd(end: GuestEnd | undefined, console: readonly string[]): string | undefined {
  const panic = console.findLast((line) => line.includes("Kernel panic - not syncing: "));
  if (panic !== undefined && end !== "power-off") {
    return `the guest's kernel panicked: ${panic.slice(panic.indexOf("syncing: ") + "syncing: ".length)}`;
  }
  switch (end) {
    case undefined:
      return undefined;
    case "panic":
      return "the guest's kernel panicked";
    case "reset":
      return "the guest restarted";
    case "power-off":
      return "the guest powered off";
    default:
      return end satisfies never;
  }
}

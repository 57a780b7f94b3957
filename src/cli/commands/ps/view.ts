import { formatSpan } from "../../output/units.ts";
import type { ContainerRecord, ContainerState } from "../../state/record.ts";
import { sourceName } from "../../state/record.ts";

/** A container as scripts see it in `ps --format json`. The shape is a contract; fields are only ever added. */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  /** `created`, `running`, `exited`, or `dead` when nobody knows how it ended. */
  readonly status: string;
  /** Null while it has not ended. */
  readonly exitCode: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container and whether something of it still runs. */
export interface ListedContainer {
  readonly record: ContainerRecord;
  readonly alive: boolean;
}

/** Its status in one word. */
export function statusWord({ alive, record }: ListedContainer): string {
  return record.state.status === "exited" || alive ? record.state.status : "dead";
}

/** Its row. */
export function containerRow(listed: ListedContainer): ContainerRow {
  const { command, createdMs, id, labels, name, rootfs, state } = listed.record;
  return {
    id,
    name,
    image: sourceName(rootfs),
    command,
    created: new Date(createdMs).toISOString(),
    status: statusWord(listed),
    exitCode: state.status === "exited" ? state.exitCode : null,
    labels,
  };
}

/** Its status as docker words it: `Up 3 minutes`, `Exited (0) 5 seconds ago`. */
export function statusText({ alive, record }: ListedContainer, nowMs: number): string {
  const { state } = record;
  if (state.status !== "exited" && !alive) return "Dead";
  return liveStatusText(state, nowMs);
}

function liveStatusText(state: ContainerState, nowMs: number): string {
  switch (state.status) {
    case "created":
      return "Created";
    case "running":
      return `Up ${formatSpan(nowMs - state.startedMs)}`;
    case "exited":
      return `Exited (${state.exitCode}) ${formatSpan(nowMs - state.finishedMs)} ago`;
    default:
      return state satisfies never;
  }
}

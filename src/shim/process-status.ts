import type { ProcessState } from "../sandbox/process-state.ts";
import { Status } from "../wire/gen/containerd/types/task/task.ts";

const statuses: Readonly<Record<ProcessState["kind"], Status>> = {
  created: Status.CREATED,
  starting: Status.CREATED,
  running: Status.RUNNING,
  pausing: Status.PAUSING,
  paused: Status.PAUSED,
  stopped: Status.STOPPED,
};

/** A process's state in containerd's terms. */
export function processStatus(state: ProcessState): Status {
  return statuses[state.kind];
}

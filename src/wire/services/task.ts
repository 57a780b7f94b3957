/** Method tables of the task API that containerd drives a shim with. */
import type { ServiceDefinition } from "../codec.ts";
import {
  CheckpointTaskRequest,
  CloseIORequest,
  ConnectRequest,
  ConnectResponse,
  CreateTaskRequest,
  CreateTaskResponse,
  DeleteRequest,
  DeleteResponse,
  ExecProcessRequest,
  KillRequest,
  PauseRequest,
  PidsRequest,
  PidsResponse,
  ResizePtyRequest,
  ResumeRequest,
  ShutdownRequest,
  StartRequest,
  StartResponse,
  StateRequest,
  StateResponse,
  StatsRequest,
  StatsResponse,
  UpdateTaskRequest,
  WaitRequest,
  WaitResponse,
} from "../gen/containerd/task/v2/shim.ts";
import { Envelope } from "../gen/containerd/types/event.ts";
import { Empty } from "../gen/google/protobuf/empty.ts";

/** Task API version 2. */
export const taskV2Service = {
  name: "containerd.task.v2.Task",
  methods: {
    State: { request: StateRequest, response: StateResponse },
    Create: { request: CreateTaskRequest, response: CreateTaskResponse },
    Start: { request: StartRequest, response: StartResponse },
    Delete: { request: DeleteRequest, response: DeleteResponse },
    Pids: { request: PidsRequest, response: PidsResponse },
    Pause: { request: PauseRequest, response: Empty },
    Resume: { request: ResumeRequest, response: Empty },
    Checkpoint: { request: CheckpointTaskRequest, response: Empty },
    Kill: { request: KillRequest, response: Empty },
    Exec: { request: ExecProcessRequest, response: Empty },
    ResizePty: { request: ResizePtyRequest, response: Empty },
    CloseIO: { request: CloseIORequest, response: Empty },
    Update: { request: UpdateTaskRequest, response: Empty },
    Wait: { request: WaitRequest, response: WaitResponse },
    Stats: { request: StatsRequest, response: StatsResponse },
    Connect: { request: ConnectRequest, response: ConnectResponse },
    Shutdown: { request: ShutdownRequest, response: Empty },
  },
} as const satisfies ServiceDefinition;

/** Task API version 3. Its messages are version 2's field for field (the conformance test checks it), so it shares their
 * codecs: one handler serves both, and a program that speaks both carries them once. */
export const taskV3Service = {
  name: "containerd.task.v3.Task",
  methods: {
    ...taskV2Service.methods,
    Events: { request: Empty, response: Envelope, stream: "server" },
  },
} as const satisfies ServiceDefinition;

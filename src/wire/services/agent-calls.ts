/** What a shim asks of the guest agent; the bytes are those of upstream's agent API. */
import type { ServiceDefinition } from "../codec.ts";
import {
  AddARPNeighborsRequest,
  CloseStdinRequest,
  CreateContainerRequest,
  CreateSandboxRequest,
  ExecProcessRequest,
  GetMetricsRequest,
  GetOOMEventRequest,
  GuestDetailsRequest,
  GuestDetailsResponse,
  Interfaces,
  ListInterfacesRequest,
  Metrics,
  OOMEvent,
  PauseContainerRequest,
  ReadStreamRequest,
  ReadStreamResponse,
  RemoveContainerRequest,
  ResumeContainerRequest,
  Routes,
  SignalProcessRequest,
  StartContainerRequest,
  StatsContainerRequest,
  StatsContainerResponse,
  TtyWinResizeRequest,
  UpdateContainerRequest,
  UpdateInterfaceRequest,
  UpdateRoutesRequest,
  WaitProcessRequest,
  WaitProcessResponse,
  WriteStreamRequest,
  WriteStreamResponse,
} from "../gen/agent/agent.ts";
import { CheckRequest, HealthCheckResponse, VersionCheckResponse } from "../gen/agent/health.ts";
import { Interface } from "../gen/agent/types.ts";
import { Empty } from "../gen/google/protobuf/empty.ts";

/** The methods of the agent that a shim calls: it does without the messages of the others. */
export const agentCalls = {
  name: "grpc.AgentService",
  methods: {
    CreateContainer: { request: CreateContainerRequest, response: Empty },
    StartContainer: { request: StartContainerRequest, response: Empty },
    RemoveContainer: { request: RemoveContainerRequest, response: Empty },
    ExecProcess: { request: ExecProcessRequest, response: Empty },
    SignalProcess: { request: SignalProcessRequest, response: Empty },
    WaitProcess: { request: WaitProcessRequest, response: WaitProcessResponse },
    UpdateContainer: { request: UpdateContainerRequest, response: Empty },
    StatsContainer: { request: StatsContainerRequest, response: StatsContainerResponse },
    PauseContainer: { request: PauseContainerRequest, response: Empty },
    ResumeContainer: { request: ResumeContainerRequest, response: Empty },
    WriteStdin: { request: WriteStreamRequest, response: WriteStreamResponse },
    ReadStdout: { request: ReadStreamRequest, response: ReadStreamResponse },
    ReadStderr: { request: ReadStreamRequest, response: ReadStreamResponse },
    CloseStdin: { request: CloseStdinRequest, response: Empty },
    TtyWinResize: { request: TtyWinResizeRequest, response: Empty },
    UpdateInterface: { request: UpdateInterfaceRequest, response: Interface },
    UpdateRoutes: { request: UpdateRoutesRequest, response: Routes },
    ListInterfaces: { request: ListInterfacesRequest, response: Interfaces },
    AddARPNeighbors: { request: AddARPNeighborsRequest, response: Empty },
    GetMetrics: { request: GetMetricsRequest, response: Metrics },
    CreateSandbox: { request: CreateSandboxRequest, response: Empty },
    GetGuestDetails: { request: GuestDetailsRequest, response: GuestDetailsResponse },
    GetOOMEvent: { request: GetOOMEventRequest, response: OOMEvent },
  },
} as const satisfies ServiceDefinition;

/** Liveness and version of the agent: the first call after dialling. */
export const healthService = {
  name: "grpc.Health",
  methods: {
    Check: { request: CheckRequest, response: HealthCheckResponse },
    Version: { request: CheckRequest, response: VersionCheckResponse },
  },
} as const satisfies ServiceDefinition;

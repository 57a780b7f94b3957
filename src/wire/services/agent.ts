/** Method tables of the two services that the guest agent serves; the bytes are those of upstream's agent API. */
import type { ServiceDefinition } from "../codec.ts";
import {
  AddSwapPathRequest,
  AddSwapRequest,
  CopyFileRequest,
  DestroySandboxRequest,
  GetDiagnosticDataRequest,
  GetDiagnosticDataResponse,
  GetIPTablesRequest,
  GetIPTablesResponse,
  ListRoutesRequest,
  MemAgentCompactConfig,
  MemAgentMemcgConfig,
  MemHotplugByProbeRequest,
  OnlineCPUMemRequest,
  RemoveStaleVirtiofsShareMountsRequest,
  ReseedRandomDevRequest,
  ResizeVolumeRequest,
  Routes,
  SetGuestDateTimeRequest,
  SetIPTablesRequest,
  SetIPTablesResponse,
  SetPolicyRequest,
  UpdateEphemeralMountsRequest,
  VolumeStatsRequest,
} from "../gen/agent/agent.ts";
import { VolumeStatsResponse } from "../gen/agent/csi.ts";
import { Empty } from "../gen/google/protobuf/empty.ts";
import { agentCalls } from "./agent-calls.ts";

export { healthService } from "./agent-calls.ts";

/** Everything a runtime may ask of the agent once it answers. */
export const agentService = {
  name: agentCalls.name,
  methods: {
    ...agentCalls.methods,
    UpdateEphemeralMounts: { request: UpdateEphemeralMountsRequest, response: Empty },
    RemoveStaleVirtiofsShareMounts: { request: RemoveStaleVirtiofsShareMountsRequest, response: Empty },
    GetDiagnosticData: { request: GetDiagnosticDataRequest, response: GetDiagnosticDataResponse },
    ListRoutes: { request: ListRoutesRequest, response: Routes },
    GetIPTables: { request: GetIPTablesRequest, response: GetIPTablesResponse },
    SetIPTables: { request: SetIPTablesRequest, response: SetIPTablesResponse },
    MemAgentMemcgSet: { request: MemAgentMemcgConfig, response: Empty },
    MemAgentCompactSet: { request: MemAgentCompactConfig, response: Empty },
    DestroySandbox: { request: DestroySandboxRequest, response: Empty },
    OnlineCPUMem: { request: OnlineCPUMemRequest, response: Empty },
    ReseedRandomDev: { request: ReseedRandomDevRequest, response: Empty },
    MemHotplugByProbe: { request: MemHotplugByProbeRequest, response: Empty },
    SetGuestDateTime: { request: SetGuestDateTimeRequest, response: Empty },
    CopyFile: { request: CopyFileRequest, response: Empty },
    AddSwap: { request: AddSwapRequest, response: Empty },
    AddSwapPath: { request: AddSwapPathRequest, response: Empty },
    GetVolumeStats: { request: VolumeStatsRequest, response: VolumeStatsResponse },
    ResizeVolume: { request: ResizeVolumeRequest, response: Empty },
    SetPolicy: { request: SetPolicyRequest, response: Empty },
  },
} as const satisfies ServiceDefinition;

/** Method table of the sandbox API that containerd drives a shim with. */
import type { ServiceDefinition } from "../codec.ts";
import {
  CreateSandboxRequest,
  CreateSandboxResponse,
  PingRequest,
  PingResponse,
  PlatformRequest,
  PlatformResponse,
  SandboxMetricsRequest,
  SandboxMetricsResponse,
  SandboxStatusRequest,
  SandboxStatusResponse,
  ShutdownSandboxRequest,
  ShutdownSandboxResponse,
  StartSandboxRequest,
  StartSandboxResponse,
  StopSandboxRequest,
  StopSandboxResponse,
  WaitSandboxRequest,
  WaitSandboxResponse,
} from "../gen/containerd/sandbox/v1/sandbox.ts";

/** Sandbox API version 1. */
export const sandboxService = {
  name: "containerd.runtime.sandbox.v1.Sandbox",
  methods: {
    CreateSandbox: { request: CreateSandboxRequest, response: CreateSandboxResponse },
    StartSandbox: { request: StartSandboxRequest, response: StartSandboxResponse },
    Platform: { request: PlatformRequest, response: PlatformResponse },
    StopSandbox: { request: StopSandboxRequest, response: StopSandboxResponse },
    WaitSandbox: { request: WaitSandboxRequest, response: WaitSandboxResponse },
    SandboxStatus: { request: SandboxStatusRequest, response: SandboxStatusResponse },
    PingSandbox: { request: PingRequest, response: PingResponse },
    ShutdownSandbox: { request: ShutdownSandboxRequest, response: ShutdownSandboxResponse },
    SandboxMetrics: { request: SandboxMetricsRequest, response: SandboxMetricsResponse },
  },
} as const satisfies ServiceDefinition;

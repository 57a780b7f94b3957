/** Method table of a hypervisor that runs in another process. */
import type { ServiceDefinition } from "../codec.ts";
import {
  CreateVMRequest,
  CreateVMResponse,
  StartVMRequest,
  StartVMResponse,
  StopVMRequest,
  StopVMResponse,
  VersionRequest,
  VersionResponse,
} from "../gen/hypervisor/remote.ts";

/** Creates, starts and stops VMs elsewhere (peer pods). */
export const remoteHypervisorService = {
  name: "hypervisor.Hypervisor",
  methods: {
    CreateVM: { request: CreateVMRequest, response: CreateVMResponse },
    StartVM: { request: StartVMRequest, response: StartVMResponse },
    StopVM: { request: StopVMRequest, response: StopVMResponse },
    Version: { request: VersionRequest, response: VersionResponse },
  },
} as const satisfies ServiceDefinition;

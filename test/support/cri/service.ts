import {
  Container,
  ContainerConfig,
  ContainerStatus,
  ImageSpec,
  LinuxContainerResources,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxStatus,
} from "./pod-messages.ts";
import { labels, list, message, nested, scalar } from "./schema.ts";
import { ContainerStats, PodSandboxStats } from "./stats-messages.ts";

// The calls of CRI v1 that the tests make: names and numbers of k8s.io/cri-api.

const nothing = (name: string) => message(name, {});
const ofPod = (name: string) => message(name, { podSandboxId: scalar(1, "string") });
const ofContainer = (name: string) => message(name, { containerId: scalar(1, "string") });
const url = (name: string) => message(name, { url: scalar(1, "string") });

const RuntimeCondition = message("RuntimeCondition", {
  type: scalar(1, "string"),
  status: scalar(2, "bool"),
  reason: scalar(3, "string"),
  message: scalar(4, "string"),
});

const PodSandboxFilter = message("PodSandboxFilter", { id: scalar(1, "string") });
const ContainerFilter = message("ContainerFilter", { id: scalar(1, "string"), podSandboxId: scalar(3, "string") });

/** runtime.v1.RuntimeService. */
export const runtimeService = {
  name: "runtime.v1.RuntimeService",
  methods: {
    Version: {
      request: message("VersionRequest", { version: scalar(1, "string") }),
      response: message("VersionResponse", { runtimeName: scalar(2, "string"), runtimeVersion: scalar(3, "string") }),
    },
    Status: {
      request: message("StatusRequest", { verbose: scalar(1, "bool") }),
      response: message("StatusResponse", {
        status: nested(1, message("RuntimeStatus", { conditions: list(1, RuntimeCondition) })),
      }),
    },
    RunPodSandbox: {
      request: message("RunPodSandboxRequest", {
        config: nested(1, PodSandboxConfig),
        runtimeHandler: scalar(2, "string"),
      }),
      response: ofPod("RunPodSandboxResponse"),
    },
    StopPodSandbox: { request: ofPod("StopPodSandboxRequest"), response: nothing("StopPodSandboxResponse") },
    RemovePodSandbox: { request: ofPod("RemovePodSandboxRequest"), response: nothing("RemovePodSandboxResponse") },
    PodSandboxStatus: {
      request: message("PodSandboxStatusRequest", {
        podSandboxId: scalar(1, "string"),
        verbose: scalar(2, "bool"),
      }),
      response: message("PodSandboxStatusResponse", { status: nested(1, PodSandboxStatus), info: labels(2) }),
    },
    ListPodSandbox: {
      request: message("ListPodSandboxRequest", { filter: nested(1, PodSandboxFilter) }),
      response: message("ListPodSandboxResponse", { items: list(1, PodSandbox) }),
    },
    ListPodSandboxStats: {
      request: message("ListPodSandboxStatsRequest", { filter: nested(1, PodSandboxFilter) }),
      response: message("ListPodSandboxStatsResponse", { stats: list(1, PodSandboxStats) }),
    },
    CreateContainer: {
      request: message("CreateContainerRequest", {
        podSandboxId: scalar(1, "string"),
        config: nested(2, ContainerConfig),
        sandboxConfig: nested(3, PodSandboxConfig),
      }),
      response: ofContainer("CreateContainerResponse"),
    },
    StartContainer: { request: ofContainer("StartContainerRequest"), response: nothing("StartContainerResponse") },
    StopContainer: {
      request: message("StopContainerRequest", { containerId: scalar(1, "string"), timeout: scalar(2, "int64") }),
      response: nothing("StopContainerResponse"),
    },
    RemoveContainer: { request: ofContainer("RemoveContainerRequest"), response: nothing("RemoveContainerResponse") },
    ListContainers: {
      request: message("ListContainersRequest", { filter: nested(1, ContainerFilter) }),
      response: message("ListContainersResponse", { containers: list(1, Container) }),
    },
    ContainerStatus: {
      request: ofContainer("ContainerStatusRequest"),
      response: message("ContainerStatusResponse", { status: nested(1, ContainerStatus) }),
    },
    UpdateContainerResources: {
      request: message("UpdateContainerResourcesRequest", {
        containerId: scalar(1, "string"),
        linux: nested(2, LinuxContainerResources),
      }),
      response: nothing("UpdateContainerResourcesResponse"),
    },
    ReopenContainerLog: {
      request: ofContainer("ReopenContainerLogRequest"),
      response: nothing("ReopenContainerLogResponse"),
    },
    ExecSync: {
      request: message("ExecSyncRequest", {
        containerId: scalar(1, "string"),
        cmd: list(2, "string"),
        timeout: scalar(3, "int64"),
      }),
      response: message("ExecSyncResponse", {
        stdout: scalar(1, "bytes"),
        stderr: scalar(2, "bytes"),
        exitCode: scalar(3, "int32"),
      }),
    },
    Exec: {
      request: message("ExecRequest", {
        containerId: scalar(1, "string"),
        cmd: list(2, "string"),
        tty: scalar(3, "bool"),
        stdin: scalar(4, "bool"),
        stdout: scalar(5, "bool"),
        stderr: scalar(6, "bool"),
      }),
      response: url("ExecResponse"),
    },
    Attach: {
      request: message("AttachRequest", {
        containerId: scalar(1, "string"),
        stdin: scalar(2, "bool"),
        tty: scalar(3, "bool"),
        stdout: scalar(4, "bool"),
        stderr: scalar(5, "bool"),
      }),
      response: url("AttachResponse"),
    },
    ContainerStats: {
      request: ofContainer("ContainerStatsRequest"),
      response: message("ContainerStatsResponse", { stats: nested(1, ContainerStats) }),
    },
  },
} as const;

/** runtime.v1.ImageService. */
export const imageService = {
  name: "runtime.v1.ImageService",
  methods: {
    ImageStatus: {
      request: message("ImageStatusRequest", { image: nested(1, ImageSpec) }),
      response: message("ImageStatusResponse", {
        image: nested(1, message("Image", { id: scalar(1, "string"), repoTags: list(2, "string") })),
      }),
    },
  },
} as const;

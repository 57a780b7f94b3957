import { labels, list, message, nested, scalar } from "./schema.ts";

// Pods and containers as CRI v1 describes them: names and numbers of k8s.io/cri-api, only what the tests use.

const Int64Value = message("Int64Value", { value: scalar(1, "int64") });

/** Whose namespace is used: NamespaceMode. */
export const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;

const NamespaceOption = message("NamespaceOption", {
  network: scalar(1, "int32"),
  pid: scalar(2, "int32"),
  ipc: scalar(3, "int32"),
  targetId: scalar(4, "string"),
});

/** SecurityProfile.ProfileType. */
export const profileType = { runtimeDefault: 0, unconfined: 1, localhost: 2 } as const;

const SecurityProfile = message("SecurityProfile", {
  profileType: scalar(1, "int32"),
  localhostRef: scalar(2, "string"),
});

const PodSandboxMetadata = message("PodSandboxMetadata", {
  name: scalar(1, "string"),
  uid: scalar(2, "string"),
  namespace: scalar(3, "string"),
  attempt: scalar(4, "uint32"),
});

const DNSConfig = message("DNSConfig", {
  servers: list(1, "string"),
  searches: list(2, "string"),
  options: list(3, "string"),
});

const PortMapping = message("PortMapping", {
  protocol: scalar(1, "int32"),
  containerPort: scalar(2, "int32"),
  hostPort: scalar(3, "int32"),
  hostIp: scalar(4, "string"),
});

/** Limits of a container, and of a pod as a whole. */
export const LinuxContainerResources = message("LinuxContainerResources", {
  cpuPeriod: scalar(1, "int64"),
  cpuQuota: scalar(2, "int64"),
  cpuShares: scalar(3, "int64"),
  memoryLimitInBytes: scalar(4, "int64"),
  oomScoreAdj: scalar(5, "int64"),
  memorySwapLimitInBytes: scalar(10, "int64"),
  cpusetCpus: scalar(6, "string"),
  cpusetMems: scalar(7, "string"),
  unified: labels(9),
});

const LinuxSandboxSecurityContext = message("LinuxSandboxSecurityContext", {
  namespaceOptions: nested(1, NamespaceOption),
  runAsUser: nested(3, Int64Value),
  readonlyRootfs: scalar(4, "bool"),
  supplementalGroups: list(5, "int64"),
  privileged: scalar(6, "bool"),
  runAsGroup: nested(8, Int64Value),
  seccomp: nested(9, SecurityProfile),
});

const LinuxPodSandboxConfig = message("LinuxPodSandboxConfig", {
  cgroupParent: scalar(1, "string"),
  securityContext: nested(2, LinuxSandboxSecurityContext),
  sysctls: labels(3),
  resources: nested(5, LinuxContainerResources),
});

/** What a pod is to be. */
export const PodSandboxConfig = message("PodSandboxConfig", {
  metadata: nested(1, PodSandboxMetadata),
  hostname: scalar(2, "string"),
  logDirectory: scalar(3, "string"),
  dnsConfig: nested(4, DNSConfig),
  portMappings: list(5, PortMapping),
  labels: labels(6),
  annotations: labels(7),
  linux: nested(8, LinuxPodSandboxConfig),
});

const PodIP = message("PodIP", { ip: scalar(1, "string") });

const PodSandboxNetworkStatus = message("PodSandboxNetworkStatus", {
  ip: scalar(1, "string"),
  additionalIps: list(2, PodIP),
});

/** What a pod is: `state` 0 is ready. */
export const PodSandboxStatus = message("PodSandboxStatus", {
  id: scalar(1, "string"),
  metadata: nested(2, PodSandboxMetadata),
  state: scalar(3, "int32"),
  createdAt: scalar(4, "int64"),
  network: nested(5, PodSandboxNetworkStatus),
  runtimeHandler: scalar(9, "string"),
});

const KeyValue = message("KeyValue", { key: scalar(1, "string"), value: scalar(2, "string") });

/** An image by its name. */
export const ImageSpec = message("ImageSpec", { image: scalar(1, "string") });

const Mount = message("Mount", {
  containerPath: scalar(1, "string"),
  hostPath: scalar(2, "string"),
  readonly: scalar(3, "bool"),
  propagation: scalar(5, "int32"),
});

const Capability = message("Capability", {
  addCapabilities: list(1, "string"),
  dropCapabilities: list(2, "string"),
});

const LinuxContainerSecurityContext = message("LinuxContainerSecurityContext", {
  capabilities: nested(1, Capability),
  privileged: scalar(2, "bool"),
  namespaceOptions: nested(3, NamespaceOption),
  runAsUser: nested(5, Int64Value),
  runAsUsername: scalar(6, "string"),
  readonlyRootfs: scalar(7, "bool"),
  supplementalGroups: list(8, "int64"),
  noNewPrivs: scalar(11, "bool"),
  runAsGroup: nested(12, Int64Value),
  maskedPaths: list(13, "string"),
  readonlyPaths: list(14, "string"),
  seccomp: nested(15, SecurityProfile),
});

const LinuxContainerConfig = message("LinuxContainerConfig", {
  resources: nested(1, LinuxContainerResources),
  securityContext: nested(2, LinuxContainerSecurityContext),
});

const ContainerMetadata = message("ContainerMetadata", { name: scalar(1, "string"), attempt: scalar(2, "uint32") });

/** What a container is to be. */
export const ContainerConfig = message("ContainerConfig", {
  metadata: nested(1, ContainerMetadata),
  image: nested(2, ImageSpec),
  command: list(3, "string"),
  args: list(4, "string"),
  workingDir: scalar(5, "string"),
  envs: list(6, KeyValue),
  mounts: list(7, Mount),
  labels: labels(9),
  annotations: labels(10),
  logPath: scalar(11, "string"),
  stdin: scalar(12, "bool"),
  stdinOnce: scalar(13, "bool"),
  tty: scalar(14, "bool"),
  linux: nested(15, LinuxContainerConfig),
});

/** ContainerState. */
export const containerState = { created: 0, running: 1, exited: 2, unknown: 3 } as const;

/** What a container is. */
export const ContainerStatus = message("ContainerStatus", {
  id: scalar(1, "string"),
  metadata: nested(2, ContainerMetadata),
  state: scalar(3, "int32"),
  createdAt: scalar(4, "int64"),
  startedAt: scalar(5, "int64"),
  finishedAt: scalar(6, "int64"),
  exitCode: scalar(7, "int32"),
  reason: scalar(10, "string"),
  message: scalar(11, "string"),
  logPath: scalar(15, "string"),
});

/** A line of a list of pods. */
export const PodSandbox = message("PodSandbox", { id: scalar(1, "string"), state: scalar(3, "int32") });

/** A line of a list of containers. */
export const Container = message("Container", {
  id: scalar(1, "string"),
  podSandboxId: scalar(2, "string"),
  metadata: nested(3, ContainerMetadata),
  state: scalar(6, "int32"),
});

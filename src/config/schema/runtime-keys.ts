import { hypervisorTypes } from "../hypervisor-type.ts";
import { runtimeAnnotation } from "./annotation-rule.ts";
import { choice, flag, integer, path, tables, text, textList } from "./key.ts";
import { noEffect, notPossible } from "./limit.ts";

const byRuntimeClass = { never: "is not for pods: the RuntimeClass chooses" } as const;
const hostPaths = { never: "is not for pods: it names paths of the host" } as const;
const noTraces = "no traces are made";

const sharedMountKeys = {
  name: text({ fallback: "", meaning: "What the mount is called" }),
  src_ctr: text({ fallback: "", meaning: "Name of the container that has the files" }),
  src_path: path({ fallback: "", optional: true, meaning: "Where that container has them" }),
  dst_ctr: text({ fallback: "", meaning: "Name of the container that is to see them" }),
  dst_path: path({ fallback: "", optional: true, meaning: "Where that container is to see them" }),
} as const;

/** `[runtime]`. */
export const runtimeKeys = {
  name: choice(["", "virt_container", "linux_container", "wasm_container"], {
    fallback: "",
    annotation: runtimeAnnotation("name", byRuntimeClass),
    limits: notPossible("containers run in VMs", { values: ["linux_container", "wasm_container"] }),
    meaning: "What containers run in; empty: VMs",
  }),
  hypervisor_name: choice(["", ...hypervisorTypes], {
    fallback: "",
    synonyms: { "cloud-hypervisor": "clh", cloudhypervisor: "clh", fc: "firecracker" },
    annotation: runtimeAnnotation("hypervisor_name", byRuntimeClass),
    meaning: "Which [hypervisor.NAME] is used; empty: the only one there is",
  }),
  agent_name: choice(["", "kata"], {
    fallback: "",
    annotation: runtimeAnnotation("agent_name", byRuntimeClass),
    meaning: "Which [agent.NAME] is used; empty: the only one there is",
  }),
  enable_debug: flag({ fallback: false, meaning: "The shim logs at level debug" }),
  log_level: choice(["trace", "debug", "info", "warn", "error", "critical"], {
    fallback: "info",
    limits: noEffect("enable_debug decides what the shim logs"),
    meaning: "The least severe messages that the shim logs",
  }),
  internetworking_model: choice(["tcfilter", "macvtap", "none", "l3forwarding"], {
    fallback: "tcfilter",
    synonyms: { default: "tcfilter" },
    annotation: runtimeAnnotation("internetworking_model"),
    limits: notPossible("interfaces are joined by redirection (tcfilter) or left alone (none)", {
      values: ["macvtap", "l3forwarding"],
    }),
    meaning: "How a network interface of the pod is joined to the VM",
  }),
  disable_new_netns: flag({
    fallback: false,
    annotation: runtimeAnnotation("disable_new_netns", {
      never: "is not for pods: it puts the VMM into the host's network",
    }),
    meaning: "The VMM stays in the host's network namespace; demands internetworking_model none",
  }),
  dan_conf: path({
    fallback: "",
    optional: true,
    limits: noEffect("networks come from network namespaces only", { harmless: ["/run/kata-containers/dans"] }),
    meaning: "Directory with a file SANDBOX.json for each sandbox whose network needs no namespace",
  }),
  disable_guest_seccomp: flag({
    fallback: false,
    shipped: true,
    annotation: runtimeAnnotation("disable_guest_seccomp"),
    meaning: "Seccomp profiles of containers are not applied in the guest",
  }),
  guest_selinux_label: text({
    fallback: "",
    limits: notPossible("processes in the guest have no SELinux labels"),
    meaning: "SELinux label of containers in the guest; empty: container_t in the place of the label's type",
  }),
  sandbox_cgroup_only: flag({
    fallback: false,
    annotation: runtimeAnnotation("sandbox_cgroup_only"),
    limits: noEffect("with it or without, the VMM is in the pod's cgroup and the shim is not"),
    meaning: "Everything of a sandbox is accounted to the pod's cgroup, also the VMM's and the shim's own needs",
  }),
  static_sandbox_resource_mgmt: flag({
    fallback: false,
    shipped: true,
    limits: noEffect("a VM keeps the size that it started with", { values: [false] }),
    meaning: "A VM gets its size from the pod's limits when it starts and keeps it",
  }),
  enable_vcpus_pinning: flag({
    fallback: false,
    annotation: {
      names: ["io.katacontainers.config.runtime.enable_vcpus_pinning", "io.katacontainers.enable_vcpus_pinning"],
    },
    limits: noEffect("vCPUs run wherever the host puts them"),
    meaning: "Binds each vCPU to a CPU of its own when the pod's set of CPUs has as many",
  }),
  create_container_timeout: integer({
    fallback: 0,
    shipped: 60,
    min: 0,
    max: 86_400,
    unit: "seconds",
    annotation: runtimeAnnotation("create_container_timeout"),
    meaning: "How long the agent may take to create a container; 0: 60",
  }),
  sandbox_bind_mounts: textList({
    fallback: [],
    annotation: runtimeAnnotation("sandbox_bind_mounts", hostPaths),
    limits: notPossible("nothing but the files of its containers is shared with a guest"),
    meaning: "Paths of the host that every guest sees, read-only unless :rw is appended",
  }),
  shared_mounts: tables(sharedMountKeys, {
    fallback: [],
    annotation: runtimeAnnotation("shared_mounts", {
      never: "is not for pods: it opens the files of a container to another",
    }),
    limits: notPossible("containers of a pod share volumes only"),
    meaning: "Mount points of a container that another container of the pod sees",
  }),
  emptydir_mode: choice(["shared-fs", "block-encrypted", "block-plain"], {
    fallback: "shared-fs",
    limits: notPossible("emptyDir volumes are directories of the host"),
    meaning: "What a pod's emptyDir volumes are: directories of the host that are shared, or disks of the guest",
  }),
  disable_guest_empty_dir: flag({
    fallback: false,
    shipped: true,
    limits: noEffect("emptyDir volumes stay on the host", { harmless: [true] }),
    meaning: "Keeps emptyDir volumes on the host instead of making them in the guest",
  }),
  kubelet_root_dir: path({
    fallback: "",
    optional: true,
    limits: noEffect("volumes are recognised by their mounts", { harmless: ["/var/lib/kubelet"] }),
    meaning: "The kubelet's directory, below which the volumes of ConfigMaps and Secrets are",
  }),
  vfio_mode: choice(["guest-kernel", "vfio"], {
    fallback: "guest-kernel",
    synonyms: { "": "guest-kernel" },
    annotation: runtimeAnnotation("vfio_mode"),
    limits: noEffect("devices of the host are not passed to VMs"),
    meaning: "Whether a device of the host is driven by the guest's kernel or handed on to the container as VFIO",
  }),
  pod_resource_api_sock: path({
    fallback: "",
    optional: true,
    limits: noEffect("devices of the host are not passed to VMs"),
    meaning: "The kubelet's socket that tells a pod's devices; empty: it is not asked",
  }),
  experimental_force_guest_pull: flag({
    fallback: false,
    annotation: runtimeAnnotation("experimental_force_guest_pull"),
    limits: notPossible("images are unpacked on the host"),
    meaning: "The guest pulls images by itself, whatever the host has of them",
  }),
  experimental: textList({
    fallback: [],
    annotation: runtimeAnnotation("experimental"),
    limits: notPossible("there are no experimental features"),
    meaning: "Names of experimental features to switch on",
  }),
  use_passfd_io: flag({
    fallback: false,
    limits: notPossible("output of processes goes through the agent's connection"),
    meaning: "Input and output of processes get connections of their own to the agent",
  }),
  keep_abnormal: flag({
    fallback: false,
    limits: noEffect("what is left of a sandbox that failed is removed"),
    meaning: "Keeps what is left of a sandbox that failed, for a look at it",
  }),
  enable_pprof: flag({
    fallback: false,
    annotation: runtimeAnnotation("enable_pprof"),
    limits: noEffect("the shim offers no profiles"),
    meaning: "Offers profiles of the shim on its management socket",
  }),
  enable_tracing: flag({
    fallback: false,
    limits: noEffect(noTraces),
    meaning: "Sends traces of the shim to a collector",
  }),
  jaeger_endpoint: text({
    fallback: "",
    limits: noEffect(noTraces),
    meaning: "URL of the collector of traces; empty: port 14268 of this host",
  }),
  jaeger_user: text({ fallback: "", limits: noEffect(noTraces), meaning: "User name for the collector of traces" }),
  jaeger_password: text({
    fallback: "",
    secret: true,
    limits: noEffect(noTraces),
    meaning: "Password for the collector of traces",
  }),
} as const;

import { agentAnnotation } from "./annotation-rule.ts";
import { choice, flag, integer, text, textList } from "./key.ts";
import { noEffect, notPossible } from "./limit.ts";
import { milliseconds } from "./milliseconds.ts";

const port = { min: 0, max: 0xffff_ffff } as const;
const noDataHub = "the guest has no confidential data hub";

/** `[agent.kata]`. */
export const agentKeys = {
  enable_debug: flag({ fallback: false, meaning: "The agent logs at level debug" }),
  log_level: choice(["trace", "debug", "info", "warn", "error", "critical"], {
    fallback: "info",
    limits: noEffect("enable_debug decides what the agent logs"),
    meaning: "The least severe messages that the agent logs",
  }),
  enable_tracing: flag({
    fallback: false,
    annotation: agentAnnotation("enable_tracing"),
    limits: noEffect("the agent makes no traces"),
    meaning: "The agent traces what it does",
  }),
  debug_console_enabled: flag({ fallback: false, meaning: "The agent offers a shell in the guest" }),
  agent_transport: choice(["auto", "vsock", "hybrid-vsock", "virtio-serial"], {
    fallback: "auto",
    ours: true,
    meaning:
      "How the agent is reached; auto takes the first that the host has, in the order vsock, hybrid-vsock, virtio-serial",
  }),
  server_port: integer({
    ...port,
    fallback: 1024,
    limits: noEffect("the agent listens on port 1024"),
    meaning: "vsock port on which the agent listens",
  }),
  log_port: integer({
    ...port,
    fallback: 1025,
    limits: noEffect("the agent's log is on port 1025"),
    meaning: "vsock port of the agent's log",
  }),
  passfd_listener_port: integer({
    ...port,
    fallback: 1027,
    limits: noEffect("output of processes goes through the agent's connection"),
    meaning: "vsock port on which the agent takes connections for the input and output of processes",
  }),
  dial_timeout: integer({
    fallback: 0,
    shipped: 45,
    min: 0,
    max: 86_400,
    unit: "seconds",
    meaning: "How long the agent may take to answer after the VMM's start; 0: 30",
  }),
  dial_timeout_ms: integer({
    fallback: 10,
    min: 0,
    max: 0xffff_ffff,
    unit: "milliseconds",
    limits: noEffect("the pauses between attempts are fixed"),
    meaning: "How long one attempt to reach the agent may take",
  }),
  health_check_request_timeout_ms: integer({
    fallback: 90_000,
    min: 0,
    max: 0xffff_ffff,
    unit: "milliseconds",
    limits: noEffect("the time for health checks is fixed"),
    meaning: "How long the agent may take to answer a health check",
  }),
  kernel_modules: textList({
    fallback: [],
    annotation: agentAnnotation("kernel_modules"),
    meaning: 'Modules that the agent loads first, each with its parameters: "NAME [PARAMETER...]"',
  }),
  container_pipe_size: integer({
    fallback: 0,
    min: 0,
    max: 0x7fff_ffff,
    unit: "bytes",
    annotation: agentAnnotation("container_pipe_size"),
    meaning: "Size of the pipes to a container's process; 0: the kernel's default",
  }),
  policy: text({
    fallback: "",
    maxLength: 1024 * 1024,
    annotation: agentAnnotation("policy"),
    limits: notPossible("the agent enforces no policy"),
    meaning: "Policy that decides which requests the agent serves, in base64",
  }),
  cdh_api_timeout: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    unit: "seconds",
    annotation: agentAnnotation("cdh_api_timeout_ms", { convert: milliseconds }),
    limits: noEffect(noDataHub, { harmless: [50] }),
    meaning: "How long the guest's confidential data hub may take to answer the agent; 0: 50",
  }),
  launch_process_timeout: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    unit: "seconds",
    limits: noEffect(noDataHub),
    meaning: "How long the guest's helpers for confidential data may take to start; 0: 6",
  }),
  visible_cdi_devices: flag({
    fallback: false,
    limits: noEffect("devices of the host are not passed to VMs"),
    meaning: "Takes the variable VISIBLE_CDI_DEVICES of a container for a request of devices",
  }),
} as const;

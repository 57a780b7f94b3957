import type { AgentConfig, AgentTransport } from "../../config/runtime-config.ts";

/** vsock ports of the agent's channels. */
export const agentPorts = { agent: 1024, log: 1025, debugConsole: 1026 } as const;

/** What the agent is told on the kernel's command line. */
export function agentParams(agent: AgentConfig, transport: Exclude<AgentTransport, "auto">): string[] {
  const vsock = transport !== "virtio-serial";
  return [
    ...(agent.debug ? ["agent.log=debug"] : []),
    ...(vsock ? [`agent.log_vport=${agentPorts.log}`] : []),
    ...(agent.debugConsole ? ["agent.debug_console", `agent.debug_console_vport=${agentPorts.debugConsole}`] : []),
    ...(agent.containerPipeSize > 0 ? [`agent.container_pipe_size=${agent.containerPipeSize}`] : []),
  ];
}

import { choice, flag, integer, textList } from "../key.ts";

/** `[agent.kata]`. */
export const agentKeys = {
  enable_debug: flag({ fallback: false, meaning: "The agent logs at level debug" }),
  agent_transport: choice(["auto", "vsock", "hybrid-vsock", "virtio-serial"], {
    fallback: "auto",
    ours: true,
    meaning:
      "How the agent is reached; auto takes the first that the host has, in the order vsock, hybrid-vsock, virtio-serial",
  }),
  debug_console_enabled: flag({ fallback: false, meaning: "The agent offers a shell in the guest" }),
  dial_timeout: integer({
    fallback: 45,
    min: 0,
    max: 86_400,
    unit: "seconds",
    meaning: "How long the agent may take to answer after QEMU's start; 0: 30",
  }),
  container_pipe_size: integer({
    fallback: 0,
    min: 0,
    max: 0x7fff_ffff,
    unit: "bytes",
    meaning: "Size of the pipes to a container's process; 0: the kernel's default",
  }),
  kernel_modules: textList({
    fallback: [],
    meaning: 'Modules that the agent loads first, each with its parameters: "NAME [PARAMETER...]"',
  }),
} as const;

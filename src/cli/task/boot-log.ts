import type { Timing } from "./timings.ts";

/**
 * Splits the time that creating a container took by what the shim logged meanwhile: until the VMM was started, its
 * firmware, the guest's kernel, the agent, and the container's own creation. The part stays whole when the log lacks a line.
 */
export function splitCreate(part: Timing, shimLog: string): readonly Timing[] {
  const served = lineOf(shimLog, "shim serves");
  const vmm = lineOf(shimLog, "vmm started");
  const connected = lineOf(shimLog, "agent answered");
  const ready = lineOf(shimLog, "agent ready");
  const kernelMs = field(ready, "kernel_ms");
  const agentMs = field(ready, "agent_ms");
  if (
    served === undefined ||
    vmm === undefined ||
    connected === undefined ||
    kernelMs === undefined ||
    agentMs === undefined
  ) {
    return [part];
  }
  const vmmExec = Math.max(0, vmm.wallMs - served.wallMs);
  const boot = connected.wallMs - vmm.wallMs;
  const firmware = Math.max(0, boot - kernelMs - agentMs);
  const container = Math.max(0, part.milliseconds - vmmExec - boot);
  return [
    { name: "VMM exec", milliseconds: vmmExec },
    { name: "firmware", milliseconds: firmware },
    { name: "kernel", milliseconds: kernelMs },
    { name: "agent", milliseconds: boot - firmware - kernelMs },
    { name: "container", milliseconds: container },
  ];
}

interface LogLine {
  readonly wallMs: number;
  readonly text: string;
}

function lineOf(log: string, message: string): LogLine | undefined {
  const text = log.split("\n").find((line) => line.includes(`msg="${message}"`));
  const time = text === undefined ? undefined : /\btime="?([^\s"]+)/.exec(text)?.[1];
  return text === undefined || time === undefined ? undefined : { wallMs: Date.parse(time), text };
}

function field(line: LogLine | undefined, key: string): number | undefined {
  const value = line === undefined ? undefined : new RegExp(`\\b${key}="?(\\d+)`).exec(line.text)?.[1];
  return value === undefined ? undefined : Number(value);
}

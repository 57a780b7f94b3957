import type { LogLevel } from "../base/logger.ts";

/** One parameter of the kernel command line; `value` is absent for a bare word. */
export interface KernelParam {
  readonly key: string;
  readonly value: string | undefined;
}

/** What the host tells the agent through the kernel command line (`agent.*` keys). */
export interface AgentParams {
  readonly logLevel: LogLevel;
  /** A shell on the debug channel is wanted. */
  readonly debugConsole: boolean;
  /** vsock port of the debug console; 0 when the host named none. */
  readonly debugConsolePort: number;
  /** vsock port of the log stream; 0 when the host named none. */
  readonly logPort: number;
  /** vsock port of the agent's own service. */
  readonly serverPort: number;
  /** Capacity of the containers' stdio pipes in bytes; 0 leaves the choice to the agent. */
  readonly containerPipeBytes: number;
  readonly hotplugTimeoutMs: number;
  /** `agent.*` keys that this agent does not know, to be logged. */
  readonly unknown: readonly string[];
  /** Values that broke a rule, as sentences to be logged; the default was kept. */
  readonly problems: readonly string[];
}

/** Keys of other agents' features: known, without effect here. */
const ignoredKeys: ReadonlySet<string> = new Set([
  "agent.trace",
  "agent.devmode",
  "agent.launch_process_timeout",
  "agent.passfd_listener_port",
  "agent.cdh_api_timeout",
  "agent.image_pull_timeout",
  "agent.cdi_timeout",
  "agent.visible_cdi_devices",
  "agent.config_file",
  "agent.guest_components_rest_api",
  "agent.guest_components_procs",
  "agent.secure_storage_integrity",
  "agent.https_proxy",
  "agent.no_proxy",
]);

/** Splits a command line as the kernel does: blanks separate, double quotes protect them and are dropped. */
export function parseCommandLine(text: string): KernelParam[] {
  const words = text.match(/(?:[^\s"]|"[^"]*(?:"|$))+/g) ?? [];
  return words.map((word) => {
    const equals = word.indexOf("=");
    const bare = (part: string) => part.replaceAll('"', "");
    if (equals <= 0) return { key: bare(word), value: undefined };
    return { key: bare(word.slice(0, equals)), value: bare(word.slice(equals + 1)) };
  });
}

const logLevels: Readonly<Record<string, LogLevel>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  critical: "error",
};

type Mutable = { -readonly [K in keyof AgentParams]: AgentParams[K] };
type Setter = (params: Mutable, value: string | undefined) => string | undefined;

const setters: Readonly<Record<string, Setter>> = {
  "agent.log": (params, value) => {
    const level = logLevels[value ?? ""];
    if (level === undefined) return `must be one of ${Object.keys(logLevels).join(", ")}`;
    params.logLevel = level;
    return undefined;
  },
  "agent.debug_console": (params, value) => {
    if (value !== undefined && !/^(?:true|false|0|1)$/.test(value)) return "must be true, false, 1 or 0";
    params.debugConsole = value === undefined || value === "true" || value === "1";
    return undefined;
  },
  "agent.debug_console_vport": integer("debugConsolePort", { min: 1, max: 0xfffffffe }),
  "agent.log_vport": integer("logPort", { min: 1, max: 0xfffffffe }),
  "agent.container_pipe_size": integer("containerPipeBytes", { min: 0, max: 1 << 30 }),
  "agent.hotplug_timeout": integer("hotplugTimeoutMs", { min: 1, max: 3600, scale: 1000 }),
  "agent.server_addr": (params, value) => {
    const port = /^vsock:\/\/(?:-1|\d+):(\d{1,10})$/.exec(value ?? "")?.[1];
    if (port === undefined || Number(port) === 0 || Number(port) > 0xfffffffe)
      return "must have the form vsock://-1:PORT";
    params.serverPort = Number(port);
    return undefined;
  },
};

function integer(
  field: "debugConsolePort" | "logPort" | "containerPipeBytes" | "hotplugTimeoutMs",
  rule: { readonly min: number; readonly max: number; readonly scale?: number },
): Setter {
  return (params, value) => {
    const number = /^\d{1,10}$/.test(value ?? "") ? Number(value) : Number.NaN;
    if (!(number >= rule.min && number <= rule.max)) return `must be a whole number from ${rule.min} to ${rule.max}`;
    params[field] = number * (rule.scale ?? 1);
    return undefined;
  };
}

/** Reads the agent's parameters; a bad value keeps the default and is reported, because PID 1 must not fail over it. */
export function parseAgentParams(commandLine: string): AgentParams {
  const unknown: string[] = [];
  const problems: string[] = [];
  const params: Mutable = {
    logLevel: "info",
    debugConsole: false,
    debugConsolePort: 0,
    logPort: 0,
    serverPort: 1024,
    containerPipeBytes: 0,
    hotplugTimeoutMs: 3000,
    unknown,
    problems,
  };
  // Most hosts have nothing to say, and the words are many.
  const given = commandLine.includes("agent.") ? parseCommandLine(commandLine) : [];
  for (const { key, value } of given) {
    if (!key.startsWith("agent.")) continue;
    const set = setters[key];
    if (set === undefined) {
      if (!ignoredKeys.has(key) && !key.startsWith("agent.mem_agent_")) unknown.push(key);
      continue;
    }
    const problem = set(params, value);
    if (problem !== undefined) problems.push(`${key} ${problem}, got ${JSON.stringify(value ?? "")}`);
  }
  return params;
}

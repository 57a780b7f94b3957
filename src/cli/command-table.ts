import type { CommandEntry, CommandGroup } from "./args/command.ts";

const entry = (
  group: CommandGroup,
  name: string,
  summary: string,
  load: CommandEntry["load"],
  hidden = false,
): CommandEntry => ({ group, name, summary, load, hidden });

/** Every command, in the order of the overview. Declarations and handlers are loaded when they are called, so that starting stays cheap. */
export const commandTable: readonly CommandEntry[] = [
  entry("Containers", "run", "Run a command in a new container", () => import("./commands/run/index.ts")),
  entry("Containers", "exec", "Run a command in a running container", () => import("./commands/exec/index.ts")),
  entry("Containers", "ps", "List containers", () => import("./commands/ps/index.ts")),
  entry(
    "Containers",
    "inspect",
    "Show everything about containers as JSON",
    () => import("./commands/inspect/index.ts"),
  ),
  entry(
    "Containers",
    "logs",
    "Show what a container, its VM or its shim said",
    () => import("./commands/logs/index.ts"),
  ),
  entry(
    "Containers",
    "stop",
    "Ask containers to end, and kill those that do not",
    () => import("./commands/stop/index.ts"),
  ),
  entry("Containers", "kill", "Send a signal to containers", () => import("./commands/kill/index.ts")),
  entry(
    "Containers",
    "wait",
    "Wait for containers to end and print their exit codes",
    () => import("./commands/wait/index.ts"),
  ),
  entry("Containers", "rm", "Remove containers", () => import("./commands/rm/index.ts")),
  entry(
    "Images",
    "pull",
    "Fetch an image from a registry, an archive or a layout",
    () => import("./commands/pull/index.ts"),
  ),
  entry("Images", "images", "List the images that are here", () => import("./commands/images/index.ts")),
  entry("Images", "rmi", "Remove images", () => import("./commands/rmi/index.ts")),
  entry("Guest", "guest build", "Build the guest's kernel and initrd", () => import("./commands/guest-build/index.ts")),
  entry("Guest", "guest inspect", "Show what the guest consists of", () => import("./commands/guest-inspect/index.ts")),
  {
    ...entry(
      "Other",
      "check",
      "Look whether this host can run containers in VMs",
      () => import("./commands/check/index.ts"),
    ),
    aliases: ["doctor", "kata-check"],
  },
  {
    ...entry(
      "Other",
      "env",
      "Print what the runtime works with: configuration and host",
      () => import("./commands/env/index.ts"),
    ),
    aliases: ["kata-env"],
  },
  entry(
    "Configuration",
    "config show",
    "Show the effective values and where each comes from",
    () => import("./commands/config/show/index.ts"),
  ),
  entry(
    "Configuration",
    "config validate",
    "Name every mistake in the configuration",
    () => import("./commands/config/validate/index.ts"),
  ),
  entry(
    "Configuration",
    "config explain",
    "Explain a key, an annotation or a word of older configurations",
    () => import("./commands/config/explain/index.ts"),
  ),
  entry(
    "Configuration",
    "config diff",
    "Compare the configuration with the defaults or with another file",
    () => import("./commands/config/diff/index.ts"),
  ),
  entry(
    "Configuration",
    "config schema",
    "Print the JSON Schema of configuration files",
    () => import("./commands/config/schema/index.ts"),
  ),
  entry(
    "Configuration",
    "config paths",
    "Show which configuration files are read, and which are not",
    () => import("./commands/config/paths/index.ts"),
  ),
  entry("Other", "gc", "List and remove what dead sandboxes left behind", () => import("./commands/gc/index.ts")),
  entry(
    "Other",
    "version",
    "Show versions of this program and of what it works with",
    () => import("./commands/version/index.ts"),
  ),
  entry("Other", "supervise", "Take care of a detached container", () => import("./commands/supervise/index.ts"), true),
];

import { defineCommand } from "../../args/command.ts";
import { autoToggle, list, parsed, text, toggle } from "../../args/flags.ts";
import { anyText } from "../../args/values.ts";
import { parseEnvironmentFlag } from "../../spec/environment.ts";
import { runFailureCode } from "../run/exit-code.ts";
import { parseAbsolutePath } from "../run/flags.ts";
import { execCommand } from "./handler.ts";

/** The flags of `exec`. */
const execFlags = {
  detach: toggle({ short: "d", help: "Do not wait for the command" }),
  interactive: toggle({ short: "i", help: "Pass standard input on" }),
  tty: autoToggle({ short: "t", help: "Give the process a terminal (without -i and -t: when we are at one)" }),
  env: list(parseEnvironmentFlag, { short: "e", placeholder: "NAME[=VALUE]", help: "Set a variable, or pass ours on" }),
  envFile: list(anyText, { placeholder: "FILE", help: "Variables from a file, one NAME=VALUE a line" }),
  workdir: parsed(parseAbsolutePath, { short: "w", placeholder: "DIR", help: "Working directory in the container" }),
  user: text({ short: "u", placeholder: "USER[:GROUP]", help: "User and group, by name or number" }),
} as const;

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  description:
    "Environment, user and working directory are the container's unless said otherwise. Exit code: the command's own, 125 when kata-ctl fails, 126 when the program cannot be executed, 127 when it does not exist.",
  flags: execFlags,
  positionals: { minimum: 2, maximum: Number.MAX_SAFE_INTEGER },
  stopAtFirstPositional: true,
  examples: [
    { line: "exec web ps", what: "a command" },
    { line: "exec -it web sh", what: "a shell" },
    { line: "exec -i web tar x -C /srv < site.tar", what: "with input" },
  ],
  failureCode: runFailureCode,
  run: (context, { args: [reference = "", ...args], flags }) => execCommand(context, reference, args, flags),
});

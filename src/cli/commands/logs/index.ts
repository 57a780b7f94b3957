import { defineCommand } from "../../args/command.ts";
import { choice, parsed, toggle } from "../../args/flags.ts";
import { parseInteger } from "../../args/values.ts";
import { showLogs } from "./handler.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER",
  description:
    "A container's standard output and error come on ours. Other sources: agent (the guest's agent, from the shim's log), vmm (the VMM's own words), console (the guest's serial console), shim.",
  flags: {
    follow: toggle({ short: "f", help: "Go on until the container ends" }),
    tail: parsed(parseInteger(0, 1_000_000), { short: "n", placeholder: "LINES", help: "Only the last lines" }),
    timestamps: toggle({ short: "t", help: "Begin each piece of output with its time" }),
    source: choice(["container", "agent", "vmm", "console", "shim"], { help: "Whose words", initial: "container" }),
  },
  positionals: { minimum: 1, maximum: 1 },
  examples: [
    { line: "logs -f web", what: "follow web's output" },
    { line: "logs --source console --tail 50 web", what: "how the guest booted" },
  ],
  async run(context, { args: [reference = ""], flags }) {
    await showLogs(context, reference, flags);
    return 0;
  },
});

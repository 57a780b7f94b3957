import { printTomlTable } from "../../../config/toml/print.ts";
import { defineCommand } from "../../args/command.ts";
import { text } from "../../args/flags.ts";
import { collectEnvironment } from "./handler.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: `As TOML, or as JSON with --json. Tables and keys are those of upstream's kata-runtime env. Three are added: Hypervisor.Name, and
Hypervisor.Accelerator and Agent.Transport, which say what "auto" comes to on this host.

Whether it all works is told by "check", and where a value comes from by "config show".`,
  flags: { file: text({ short: "f", placeholder: "FILE", help: "Write to a file instead of standard output" }) },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "env", what: "for a bug report" },
    { line: "env --json | jq .Hypervisor.Path", what: "for a script" },
  ],
  async run(context, { flags }) {
    const environment = await collectEnvironment(context);
    const content = context.global.json
      ? `${JSON.stringify(environment, undefined, 2)}\n`
      : printTomlTable(environment);
    if (flags.file === undefined) await context.out.write(content);
    else context.sys.writeFileAtomic(flags.file, content);
    return 0;
  },
});

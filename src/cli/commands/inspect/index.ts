import { defineCommand } from "../../args/command.ts";
import { parsed } from "../../args/flags.ts";
import { fillTemplate, parseFormat } from "../../output/template.ts";
import { inspectContainer } from "./handler.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: {
    format: parsed(parseFormat, {
      short: "f",
      placeholder: "FORMAT",
      help: "json (default) or a template such as '{{.State.ExitCode}}'",
    }),
  },
  positionals: { minimum: 1, maximum: 1000 },
  examples: [
    { line: "inspect web", what: "everything" },
    { line: "inspect -f '{{.State.Status}}' web", what: "one field" },
  ],
  async run(context, { args, flags }) {
    const details = args.map((reference) => inspectContainer(context, reference));
    const { format } = flags;
    await context.out.write(
      format?.kind === "template"
        ? details.map((one) => `${fillTemplate(format.text, one)}\n`).join("")
        : `${JSON.stringify(details, undefined, 2)}\n`,
    );
    return 0;
  },
});

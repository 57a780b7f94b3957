import { defineCommand } from "../../args/command.ts";
import { toggle } from "../../args/flags.ts";
import { collectVersions } from "./handler.ts";
import { renderVersions } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  flags: { all: toggle({ short: "a", help: "Ask the programs found for their versions, too" }) },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "version", what: "at a glance" },
    { line: "version --all --json", what: "everything, for a bug report" },
  ],
  async run(context, { flags }) {
    const versions = await collectVersions(context, flags.all);
    await context.out.write(
      context.global.json ? `${JSON.stringify(versions, undefined, 2)}\n` : renderVersions(versions),
    );
    return 0;
  },
});

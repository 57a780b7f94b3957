import { defineCommand } from "../../../args/command.ts";
import { toggle } from "../../../args/flags.ts";
import { findingJson, isValid, validateConfiguration } from "./handler.ts";
import { renderFindings } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [FILE...]",
  description:
    "Names every mistake at once: where it stands, the rule that it breaks, what stands there, and what was probably meant. Files that the configuration names are looked for on this host.\n\nThe exit code is 0 when there is nothing worse than a note. Unknown keys only warn when a sandbox starts; here they fail.",
  flags: {
    noHost: toggle({ help: "Do not look at the files that it names: for another host's configuration" }),
  },
  positionals: { minimum: 0, maximum: 64 },
  examples: [
    { line: "config validate", what: "the configuration of this host, with its drop-ins" },
    { line: "config validate --no-host new.toml", what: "a file for another host" },
    { line: "config validate --json", what: "for a script" },
  ],
  async run(context, { args, flags }) {
    const hostFiles = !flags.noHost;
    const results = (args.length === 0 ? [undefined] : args).map((file) =>
      validateConfiguration(context, { hostFiles, ...(file === undefined ? {} : { file }) }),
    );
    await context.out.write(
      context.global.json
        ? `${JSON.stringify(
            results.map((one) => ({ files: one.files, valid: isValid(one), findings: one.findings.map(findingJson) })),
            undefined,
            2,
          )}\n`
        : results.map((one) => renderFindings(one, context.out.style)).join(""),
    );
    return results.every(isValid) ? 0 : 1;
  },
});

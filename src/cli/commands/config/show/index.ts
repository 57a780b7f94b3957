import { findingText, isFatal } from "../../../../config/finding.ts";
import { defineCommand } from "../../../args/command.ts";
import { autoToggle, toggle } from "../../../args/flags.ts";
import { printable } from "../../../output/style.ts";
import { annotationFlag, examine } from "../examine.ts";
import { renderSettings, settingsJson } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description:
    "Prints the values that a sandbox would be started with, as TOML, each with the file and line, annotation or default that it comes from.\n\nProblems go to standard error; with one that stops a start, the exit code is 1.",
  flags: {
    origin: autoToggle({ help: "Say where each value comes from (default); --origin=false leaves it out" }),
    setOnly: toggle({ help: "Only what a file or an annotation sets" }),
    annotation: annotationFlag,
  },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "config show --set-only", what: "what this host sets" },
    { line: "--config /tmp/new.toml config show --json", what: "a file of your own, for a script" },
    {
      line: "config show --annotation io.katacontainers.config.hypervisor.default_vcpus=4",
      what: "what a pod would get",
    },
  ],
  async run(context, { flags }) {
    const { files, findings, settings } = examine(context, { annotations: flags.annotation });
    const list = settings.list.filter(({ origin }) => !flags.setOnly || origin.kind !== "default");
    await context.out.write(
      context.global.json
        ? `${JSON.stringify(settingsJson(list), undefined, 2)}\n`
        : renderSettings(list, { files, origin: flags.origin ?? true }),
    );
    const problems = findings.filter(({ severity }) => severity !== "note");
    await context.err.write(problems.map((finding) => `${printable(findingText(finding))}\n`).join(""));
    return problems.some(isFatal) ? 1 : 0;
  },
});

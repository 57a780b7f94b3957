import { KataError } from "../../../base/error.ts";
import { version } from "../../../base/version.ts";
import { defineCommand } from "../../args/command.ts";
import { toggle } from "../../args/flags.ts";
import { nearest } from "../../args/suggest.ts";
import { UsageError } from "../../args/usage-error.ts";
import type { CommandContext } from "../../context.ts";
import { lookAtHost, runChecks } from "./handler.ts";
import { probes } from "./probes.ts";
import { renderChecks, renderProbes, renderVerdict } from "./render.ts";

/** What can be asked. */
type Question = "host" | "version" | "releases" | "list";

/** The words that upstream's kata-ctl wants behind `check`; flags of the same names are kata-runtime's. */
const questions: ReadonlyMap<string, Question> = new Map([
  ["all", "host"],
  ["no-network-checks", "host"],
  ["check-version-only", "version"],
  ["only-list-releases", "releases"],
  ["include-all-releases", "releases"],
  ["list", "list"],
]);

const upstream = "As kata-runtime has it";

export const command = defineCommand({
  usage: "[OPTIONS] [all|list]",
  description: `Changes nothing, and says what to do about what is missing. Exit code: 0 when a container can be started, 1 when not.

Results: ok; warning: containers run, but slower or with less than they could have; failed: they do not run; skipped: not
looked at, or not there and not needed. Without KVM guests run under emulation (TCG), unless the configuration says accelerator = "kvm".

No network is used: newer releases are not looked for, with or without --no-network-checks.`,
  flags: {
    strict: toggle({ short: "s", help: "Warnings count as failures" }),
    verbose: toggle({ short: "v", help: "Details also of what is fine" }),
    noNetworkChecks: toggle({ short: "n", help: "No network is used anyway", group: upstream }),
    checkVersionOnly: toggle({ help: "Only print this program's version", group: upstream }),
    onlyListReleases: toggle({ help: "Fails: releases are not listed, as no network is used", group: upstream }),
    includeAllReleases: toggle({ help: "With --only-list-releases; no effect", group: upstream }),
  },
  positionals: { minimum: 0, maximum: 1 },
  examples: [
    { line: "check", what: "is this host ready?" },
    { line: "check --strict --verbose", what: "is everything as good as it can be?" },
    { line: "--config ./configuration.toml check", what: "with another configuration" },
    { line: "check --json", what: "for a script: {ok, canCreate, checks: [{id, result, reason, remedy...}]}" },
    { line: "check list", what: "what is looked at" },
  ],
  async run(context, { args, flags }) {
    const { global, out } = context;
    const question = flags.onlyListReleases ? "releases" : flags.checkVersionOnly ? "version" : questionOf(args[0]);
    if (question === "list") {
      await out.write(renderProbes(probes, global.json));
      return 0;
    }
    if (question === "version") {
      await out.write(global.json ? `${JSON.stringify({ version, newer: null })}\n` : versionText(context));
      return 0;
    }
    if (question === "releases") {
      throw new KataError("unimplemented", "Releases cannot be listed: this program uses no network", {
        hint: `this is ${version}; newer ones are where this one came from`,
      });
    }
    const report = await runChecks(lookAtHost(context), probes, { strict: flags.strict });
    if (global.json) {
      await out.write(`${JSON.stringify(report, undefined, 2)}\n`);
      return report.ok ? 0 : 1;
    }
    await out.write(`${renderChecks(report.checks, out.style, flags)}\n`);
    await (report.ok ? out : context.err).write(renderVerdict(report));
    return report.ok ? 0 : 1;
  },
});

function questionOf(word: string | undefined): Question {
  const question = word === undefined ? "host" : questions.get(word);
  if (question !== undefined) return question;
  const names = [...questions.keys()];
  const near = nearest(word ?? "", names);
  throw new UsageError(`Argument must be one of ${names.join(", ")}; got "${word}"`, {
    ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
  });
}

function versionText({ program }: CommandContext): string {
  return `${program} ${version}\nNewer releases were not looked for: this program uses no network\n`;
}

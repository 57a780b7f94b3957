import { hostOf } from "../../../../config/host.ts";
import { defineCommand } from "../../../args/command.ts";
import { toggle } from "../../../args/flags.ts";
import { annotationFlag, examine } from "../examine.ts";
import { defaultsOf, differences, differencesJson, sideOf } from "./handler.ts";
import { renderDifferences } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [FILE [OTHER]]",
  description:
    "Compares effective values, drop-ins included. Without a FILE: the defaults with this host's configuration. With one: this host's configuration with the FILE. With two: the first with the second. Comments, order and spellings do not count.",
  flags: {
    exitCode: toggle({ help: "Exit with 1 when something differs, as diff(1) does" }),
    annotation: annotationFlag,
  },
  positionals: { minimum: 0, maximum: 2 },
  examples: [
    { line: "config diff", what: "what this host sets to something else than the default" },
    { line: "config diff /etc/kata-containers/configuration.toml new.toml", what: "two files" },
  ],
  async run(context, { args, flags }) {
    const [one, other] = args;
    const { annotation: annotations } = flags;
    const ours = examine(context, { annotations, ...(other === undefined || one === undefined ? {} : { file: one }) });
    const compared = other ?? one;
    const sides =
      compared === undefined
        ? { left: defaultsOf(ours, hostOf(context.sys).arch), right: sideOf(ours) }
        : { left: sideOf(ours), right: sideOf(examine(context, { annotations, file: compared })) };
    const found = differences(sides.left, sides.right);
    await context.out.write(
      context.global.json
        ? `${JSON.stringify(differencesJson(found), undefined, 2)}\n`
        : renderDifferences(found, sides, context.out.style),
    );
    return flags.exitCode && found.length > 0 ? 1 : 0;
  },
});

import { familiarName } from "../../../image/reference.ts";
import { defineCommand } from "../../args/command.ts";
import { imageService } from "../../context.ts";

export const command = defineCommand({
  usage: "IMAGE [IMAGE...]",
  description: "By name: takes the name away. By id: takes all names of the image away. What no name needs is deleted.",
  flags: {},
  positionals: { minimum: 1, maximum: 1000 },
  examples: [
    { line: "rmi app:1", what: "one image" },
    { line: "rmi $(kata-ctl images -q)", what: "all that no container uses" },
  ],
  async run(context, { args }) {
    const { untagged, deleted } = await imageService(context).remove(args);
    const names = untagged.map(familiarName);
    await context.out.write(
      context.global.json
        ? `${JSON.stringify({ untagged: names, deleted })}\n`
        : [...names.map((name) => `Untagged: ${name}\n`), ...deleted.map((id) => `Deleted: ${id}\n`)].join(""),
    );
    return 0;
  },
});

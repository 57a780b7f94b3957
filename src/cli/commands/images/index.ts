import { defineCommand } from "../../args/command.ts";
import { parsed, toggle } from "../../args/flags.ts";
import { imageService } from "../../context.ts";
import { parseFormat } from "../../output/template.ts";
import { renderImages } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  flags: {
    quiet: toggle({ short: "q", help: "Print ids only" }),
    noTrunc: toggle({ help: "Do not shorten ids" }),
    format: parsed(parseFormat, { placeholder: "FORMAT", help: "table, json or a template such as '{{.Name}}'" }),
  },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "images", what: "all of them" },
    { line: "images --format '{{.Name}} {{.Size}}'", what: "for a script" },
  ],
  async run(context, { flags }) {
    const format = flags.format ?? { kind: context.global.json ? "json" : "table" };
    const records = imageService(context).list();
    await context.out.write(renderImages(records, { ...flags, format, nowMs: context.loop.wallMs() }));
    return 0;
  },
});

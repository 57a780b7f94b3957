import { compactJson } from "../../../../config/render/compact-json.ts";
import { configurationSchema } from "../../../../config/render/json-schema.ts";
import { defineCommand } from "../../../args/command.ts";

export const command = defineCommand({
  usage: "",
  description:
    "For editors and checkers, draft 2020-12. Rules between keys, and files that must exist, are only known to `config validate`.",
  flags: {},
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    {
      line: "config schema > /etc/kata-containers/configuration.schema.json",
      what: 'for editors with Taplo, with "#:schema ./configuration.schema.json" as the first line of the file',
    },
  ],
  async run(context) {
    await context.out.write(`${compactJson(configurationSchema())}\n`);
    return 0;
  },
});

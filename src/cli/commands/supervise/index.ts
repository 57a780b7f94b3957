import { defineCommand } from "../../args/command.ts";
import { supervise } from "./handler.ts";

export const command = defineCommand({
  usage: "ID",
  description: "Takes care of a detached container; started by `run -d`, never by hand.",
  flags: {},
  positionals: { minimum: 1, maximum: 1 },
  examples: [],
  run: (context, { args: [id = ""] }) => supervise(context, id),
});

import { defineCommand } from "../../../args/command.ts";
import { findPlaces } from "./handler.ts";
import { renderPlaces } from "./render.ts";

export const command = defineCommand({
  usage: "",
  description:
    "Shows where a configuration file is looked for, which one counts, its drop-ins in the order in which they are read, and what lies beside them but is not read. The exit code is 1 when no file is there.",
  flags: {},
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "config paths", what: "for this host" },
    { line: "--config /tmp/new.toml config paths --json", what: "for a file of your own, for a script" },
  ],
  async run(context) {
    const places = findPlaces(context);
    await context.out.write(
      context.global.json ? `${JSON.stringify(places, undefined, 2)}\n` : renderPlaces(places, context.out.style),
    );
    return places.used === null || places.notRead.some(({ path }) => path === places.used) ? 1 : 0;
  },
});

import { defineCommand } from "../../args/command.ts";
import { list, parsed, toggle } from "../../args/flags.ts";
import { containerStore } from "../../container-store.ts";
import { parseFormat } from "../../output/template.ts";
import { LiveContainers } from "../../task/live-container.ts";
import { matchesFilters, parseFilter } from "./filter.ts";
import { renderContainers } from "./render.ts";
import { type ListedContainer, statusWord } from "./view.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  flags: {
    all: toggle({ short: "a", help: "Those that have ended, too" }),
    quiet: toggle({ short: "q", help: "Print ids only" }),
    noTrunc: toggle({ help: "Shorten nothing" }),
    filter: list(parseFilter, {
      short: "f",
      placeholder: "KEY=VALUE",
      help: "Only those with this id, name, label, status, exited (code) or ancestor (image)",
    }),
    format: parsed(parseFormat, { placeholder: "FORMAT", help: "table, json or a template such as '{{.Name}}'" }),
  },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "ps -a", what: "all containers" },
    { line: "ps --filter label=tier=front --format '{{.Name}} {{.Status}}'", what: "some of them, for a script" },
  ],
  async run(context, { flags }) {
    const store = containerStore(context);
    const live = new LiveContainers(context, store);
    const listed: ListedContainer[] = store
      .list()
      .map((record) => ({ record, alive: live.isAlive(record) }))
      .reverse();
    const all = flags.all || flags.filter.some(({ key }) => key === "status" || key === "exited");
    const wanted = listed
      .filter((one) => all || statusWord(one) === "running")
      .filter((one) => matchesFilters(one, flags.filter));
    const format = flags.format ?? { kind: context.global.json ? "json" : "table" };
    await context.out.write(renderContainers(wanted, { ...flags, format, nowMs: context.loop.wallMs() }));
    return 0;
  },
});

import { signals } from "../../../sys/signals.ts";
import { defineCommand } from "../../args/command.ts";
import { parsed } from "../../args/flags.ts";
import { parseSignal } from "../../args/values.ts";
import { containerStore } from "../../container-store.ts";
import { LiveContainers } from "../../task/live-container.ts";
import { forEachReference } from "../each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: {
    signal: parsed(parseSignal, { short: "s", placeholder: "SIGNAL", help: "Name or number (default: KILL)" }),
  },
  positionals: { minimum: 1, maximum: 1000 },
  examples: [
    { line: "kill web", what: "at once" },
    { line: "kill -s HUP web", what: "a signal that the program knows" },
  ],
  run(context, { args, flags }) {
    const store = containerStore(context);
    const live = new LiveContainers(context, store);
    return forEachReference(context, args, async (reference) => {
      await live.signal(store.find(reference), flags.signal ?? signals.SIGKILL);
      return `${reference}\n`;
    });
  },
});

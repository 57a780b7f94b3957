import { defineCommand } from "../../args/command.ts";
import { parsed } from "../../args/flags.ts";
import { parseInteger } from "../../args/values.ts";
import { containerStore } from "../../container-store.ts";
import { LiveContainers } from "../../task/live-container.ts";
import { forEachReference } from "../each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description:
    "Sends the container's stop signal (TERM, unless the image or `run` says otherwise), waits, then kills. A container that has ended already is fine.",
  flags: {
    time: parsed(parseInteger(0, 86_400), {
      short: "t",
      placeholder: "SECONDS",
      help: "How long to wait before killing (default: the container's, 10)",
    }),
  },
  positionals: { minimum: 1, maximum: 1000 },
  examples: [
    { line: "stop web", what: "with ten seconds to finish" },
    { line: "stop -t 0 web", what: "without waiting" },
  ],
  run(context, { args, flags }) {
    const store = containerStore(context);
    const live = new LiveContainers(context, store);
    return forEachReference(context, args, async (reference) => {
      const record = store.find(reference);
      const seconds = flags.time ?? record.stopTimeoutSeconds;
      if (live.isAlive(record)) await live.stop(record, record.stopSignal, seconds * 1000);
      return `${reference}\n`;
    });
  },
});

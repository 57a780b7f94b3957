import { defineCommand } from "../../args/command.ts";
import { toggle } from "../../args/flags.ts";
import { containerStore } from "../../container-store.ts";
import { LiveContainers } from "../../task/live-container.ts";
import { forEachReference } from "../each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description:
    "Removes containers with their writable layers, volumes of the image, and logs. Directories shared with -v stay as they are.",
  flags: { force: toggle({ short: "f", help: "Kill a running container first" }) },
  positionals: { minimum: 1, maximum: 1000 },
  examples: [
    { line: "rm web", what: "one that has ended" },
    { line: "rm -f $(kata-ctl ps -aq)", what: "all of them" },
  ],
  run(context, { args, flags }) {
    const store = containerStore(context);
    const live = new LiveContainers(context, store);
    return forEachReference(context, args, async (reference) => {
      await live.remove(store.find(reference), flags.force);
      return `${reference}\n`;
    });
  },
});

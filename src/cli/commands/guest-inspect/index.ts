import { defineCommand } from "../../args/command.ts";
import { inspectGuest } from "./handler.ts";
import { renderGuest } from "./render.ts";

export const command = defineCommand({
  usage: "",
  description: "Shows the kernel and initrd that the runtime configuration names, and what went into them.",
  flags: {},
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "guest inspect", what: "at a glance" },
    { line: "guest inspect --json", what: "with every package, module and checksum" },
  ],
  async run(context) {
    const guest = inspectGuest(context);
    await context.out.write(context.global.json ? `${JSON.stringify(guest, undefined, 2)}\n` : renderGuest(guest));
    return 0;
  },
});

import { defineCommand } from "../../args/command.ts";
import { choice, list, text, toggle } from "../../args/flags.ts";
import { anyText } from "../../args/values.ts";
import { buildGuest } from "./handler.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description:
    "Builds kernel and initrd from Debian packages where the configuration expects them. Nothing is done when they are up to date; packages are downloaded once, and their checksums are checked.",
  flags: {
    output: text({ placeholder: "DIR", help: "Where the guest goes (default: where this program's guest is)" }),
    cache: text({ placeholder: "DIR", help: "Where packages are kept" }),
    agent: text({ placeholder: "FILE", help: "The agent that becomes /init (default: this program's)" }),
    kernelFlavour: choice(["cloud", "generic"], { help: "Which of Debian's kernels", initial: "cloud" }),
    module: list(anyText, { placeholder: "NAME", help: "Add a kernel module, and what it needs" }),
    busybox: toggle({ help: "Add busybox, for looking around with the debug console" }),
    refresh: toggle({ help: "Ask the archive for newer packages" }),
    offline: toggle({ help: "Fail instead of using the network" }),
    force: toggle({ help: "Build even if the guest is up to date" }),
  },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "guest build", what: "make or renew the guest" },
    { line: "guest build --busybox --output /tmp/guest", what: "a second one, to look around in" },
  ],
  async run(context, { flags }) {
    return buildGuest(context, flags);
  },
});

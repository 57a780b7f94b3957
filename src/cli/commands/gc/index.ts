import { findOrphans } from "../../../sandbox/orphans.ts";
import { defineCommand } from "../../args/command.ts";
import { toggle } from "../../args/flags.ts";
import { removeOrphans } from "./handler.ts";
import { renderFindings, renderRemoval } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: `Lists what sandboxes left on this host whose shims are dead: records, processes, mounts, directories, cgroups. It looks at the whole host,
whoever started them: containerd, docker or kata-ctl. With --remove it is taken away. What lives is never touched, nor what
other programs made; --debug tells what was spared, and why.

Mostly there is nothing to do: managers clean up after a shim that died, and so does the next start of the same container.`,
  flags: { remove: toggle({ help: "Remove what is listed" }) },
  positionals: { minimum: 0, maximum: 0 },
  examples: [
    { line: "gc", what: "what would be removed" },
    { line: "gc --remove", what: "remove it" },
    { line: "--json gc", what: "for a script" },
  ],
  async run(context, { flags }) {
    const { global, loop, out, sys } = context;
    const findings = findOrphans({ sys, clock: loop });
    for (const { path, why } of findings.spared) context.logger.debug("spared", { path, why });
    if (!flags.remove) {
      await out.write(renderFindings(findings, { json: global.json, program: context.program }));
      return 0;
    }
    const removals = await removeOrphans(context, findings.orphans);
    await out.write(renderRemoval(removals, global.json));
    return removals.every(({ problems }) => problems.length === 0) ? 0 : 1;
  },
});

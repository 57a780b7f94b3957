import { KataError } from "../../../base/error.ts";
import { defineCommand } from "../../args/command.ts";
import { containerStore } from "../../container-store.ts";
import type { CommandContext } from "../../context.ts";
import { LiveContainers } from "../../task/live-container.ts";
import { forEachReference } from "../each.ts";

export const command = defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  flags: {},
  positionals: { minimum: 1, maximum: 1000 },
  examples: [{ line: "wait web", what: "print web's exit code once it has ended" }],
  run: (context, { args }) =>
    forEachReference(context, args, async (reference) => `${await exitCodeOf(context, reference)}\n`),
});

/** Waits for the end. A container that removes itself takes its record along, so its shim is asked, too. */
async function exitCodeOf(context: CommandContext, reference: string): Promise<number> {
  const store = containerStore(context);
  const live = new LiveContainers(context, store);
  const record = store.find(reference);
  let code: number | undefined;
  if (record.state.status === "running") {
    try {
      const connection = await live.connect(record);
      try {
        code = (await connection.task.wait({ id: record.id, execId: "" })).exitStatus;
      } finally {
        connection.close();
      }
    } catch (error) {
      // It ended meanwhile, or its shim did: then the record tells.
      context.logger.debug("the shim does not tell the exit code", { error: KataError.from(error) });
    }
  }
  const ended = await live.awaitEnd(record, Number.POSITIVE_INFINITY);
  if (ended !== undefined && ended !== "removed" && ended.state.status === "exited") return ended.state.exitCode;
  if (code !== undefined) return code;
  throw new KataError("not-found", `Nobody knows how container "${record.name}" ended`, {
    hint: "the process that took care of it is gone; remove the rest with: kata-ctl rm -f",
  });
}

import { defineCommand } from "../../../args/command.ts";
import { explainWord, explanationJson } from "./handler.ts";
import { renderExplanations } from "./render.ts";

export const command = defineCommand({
  usage: "KEY",
  description:
    "Says what a key means, what may be written, its default, how pods may set it, what it is on this host, and what of it is not done. KEY may stand with or without its table; annotations, other spellings and keys of older versions are explained, too.",
  flags: {},
  positionals: { minimum: 1, maximum: 1 },
  examples: [
    { line: "config explain default_vcpus", what: "a key" },
    { line: "config explain runtime.enable_debug", what: "in one table" },
    { line: "config explain runtime", what: "all keys of a table, in short" },
    { line: "config explain io.katacontainers.config.hypervisor.kernel_params", what: "an annotation" },
  ],
  async run(context, { args }) {
    const explanations = explainWord(context, args[0] ?? "");
    await context.out.write(
      context.global.json
        ? `${JSON.stringify(explanations.map(explanationJson), undefined, 2)}\n`
        : renderExplanations(explanations, context.out.style),
    );
    return 0;
  },
});

import { defineCommand } from "../../args/command.ts";
import { renderError, renderErrorJson } from "../../output/error.ts";
import { runFailureCode } from "./exit-code.ts";
import { runFlags } from "./flags.ts";
import { runCommand } from "./handler.ts";
import { renderTimings } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  description:
    "The image is fetched when it is not here. Everything after IMAGE belongs to the container. Exit code: the process's own, 125 when kata-ctl fails, 126 when the program cannot be executed, 127 when it does not exist, 128+N after signal N.",
  flags: runFlags,
  positionals: { minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  stopAtFirstPositional: true,
  examples: [
    { line: "run --rm busybox uname -a", what: "one command, then nothing is left" },
    { line: "run -it debian:12 bash", what: "a shell" },
    { line: "run -d --name web -m 512m --cpus 2 -v ./site:/srv:ro app:1", what: "a service in the background" },
    { line: "run --rm --rootfs ./bookworm cat /etc/os-release", what: "a directory instead of an image" },
  ],
  failureCode: runFailureCode,
  async run(context, { args, flags }) {
    const result = await runCommand(context, flags, args);
    if (result.kind === "detached") {
      await context.out.write(`${result.id}\n`);
      return 0;
    }
    const { brokenPipe, exitCode, failure } = result.outcome;
    if (flags.timing) await context.err.write(renderTimings(result.timings, context.global.json));
    if (failure !== undefined) {
      const { json } = context.global;
      await context.err.write(json ? renderErrorJson(failure) : renderError(failure, context.err.style));
    }
    return brokenPipe ? brokenPipeCode : exitCode;
  },
});

/** As a shell would report it for a program that SIGPIPE ended. */
const brokenPipeCode = 141;

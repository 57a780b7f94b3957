import { defineCommand } from "../../args/command.ts";
import { parsed, text, toggle } from "../../args/flags.ts";
import { parseTrueFalse } from "../../args/values.ts";
import { imageService } from "../../context.ts";
import { makeProgress } from "../../output/progress.ts";
import { pullImage } from "./handler.ts";
import { renderPulled } from "./render.ts";

export const command = defineCommand({
  usage: "[OPTIONS] SOURCE",
  description:
    "SOURCE is a name (busybox, registry:5000/app:1, name@sha256:...), docker-archive:FILE, oci-archive:FILE[:TAG], oci:DIR[:TAG], or a path to an archive or layout.",
  flags: {
    name: text({ placeholder: "NAME", help: "Keep the image under this name" }),
    tlsVerify: parsed(parseTrueFalse, {
      placeholder: "true|false",
      help: "Insist on trusted TLS (default true; false for registries on this machine)",
    }),
    quiet: toggle({ short: "q", help: "Print the image id only" }),
  },
  positionals: { minimum: 1, maximum: 1 },
  examples: [
    { line: "pull debian:12", what: "from Docker Hub" },
    { line: "pull --tls-verify=false registry.example:5000/app:1", what: "from a registry without TLS" },
    { line: "pull docker-archive:app.tar --name app", what: "from `docker save`" },
  ],
  async run(context, { flags, args: [source = ""] }) {
    const progress = makeProgress(context);
    try {
      const record = await pullImage(imageService(context), source, flags, progress);
      progress.clear();
      await context.out.write(renderPulled(record, { json: context.global.json, quiet: flags.quiet }));
      return 0;
    } finally {
      progress.clear();
    }
  },
});

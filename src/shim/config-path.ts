import { KataError } from "../base/error.ts";
import { holds, unpackAny } from "../wire/any.ts";
import type { Any } from "../wire/gen/google/protobuf/any.ts";
import { Options as CriOptions } from "../wire/gen/runtimeoptions/cri/v1/api.ts";
import { Options } from "../wire/gen/runtimeoptions/v1/api.ts";

/**
 * The configuration file that a runtime's options name; empty when they name none. Throws KataError for malformed bytes, and
 * `unimplemented` for options that bring a configuration themselves: nobody is to believe that it is used.
 */
export function configPath(options: Any | undefined): string {
  if (options === undefined) return "";
  if (holds(options, CriOptions)) return unpackAny(options, CriOptions).configPath;
  if (!holds(options, Options)) return "";
  const { configPath, configBody } = unpackAny(options, Options);
  if (configBody.length > 0) {
    throw new KataError(
      "unimplemented",
      "The runtime's options must name a file, they hold a configuration themselves",
      {
        field: "options.config_body",
        hint: "Set ConfigPath in the runtime's options: without it containerd's CRI plugin sends the whole table instead",
      },
    );
  }
  return configPath;
}

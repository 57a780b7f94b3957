import { holds, unpackAny } from "../wire/any.ts";
import type { Any } from "../wire/gen/google/protobuf/any.ts";
import { Options as CriOptions } from "../wire/gen/runtimeoptions/cri/v1/api.ts";
import { Options } from "../wire/gen/runtimeoptions/v1/api.ts";

/** The configuration file that a runtime's options name; empty when they name none. Throws KataError for malformed bytes. */
export function configPath(options: Any | undefined): string {
  if (options === undefined) return "";
  if (holds(options, Options)) return unpackAny(options, Options).configPath;
  if (holds(options, CriOptions)) return unpackAny(options, CriOptions).configPath;
  return "";
}

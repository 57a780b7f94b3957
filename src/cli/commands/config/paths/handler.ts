import { KataError } from "../../../../base/error.ts";
import { configPaths, configurationFile, programDirectory } from "../../../../config/find.ts";
import type { CommandContext } from "../../../context.ts";
import { examine } from "../examine.ts";

/** Where the configuration comes from. The shape is a contract; fields are only ever added. */
export interface ConfigurationPlaces {
  /** `--config`. */
  readonly flag: string | null;
  /** `KATA_CONF_FILE`. */
  readonly environment: string | null;
  /** Where a file is looked for when neither names one, best first. */
  readonly searched: readonly { readonly path: string; readonly exists: boolean }[];
  /** The file that counts; null when there is none. */
  readonly used: string | null;
  /** Its drop-ins, in the order in which they are read: later ones win. */
  readonly dropIns: readonly string[];
  /** What lies there but is not read. */
  readonly notRead: readonly { readonly path: string; readonly reason: string }[];
}

/** Looks for the configuration as a start would. */
export function findPlaces(context: CommandContext): ConfigurationPlaces {
  const { global, sys } = context;
  const searched = configPaths(programDirectory(sys)).map((path) => ({ path, exists: sys.exists(path) }));
  const named = { flag: global.config ?? null, environment: sys.env("KATA_CONF_FILE") || null, searched };
  let used: string;
  try {
    used = configurationFile(sys, global.config);
  } catch (error) {
    if (KataError.from(error).code !== "not-found") throw error;
    return { ...named, used: null, dropIns: [], notRead: [] };
  }
  try {
    const { files, findings } = examine(context);
    const notRead = findings.flatMap(({ code, place, rule }) =>
      code === "unreadable-file" && place.kind === "whole-file" ? [{ path: place.file, reason: rule }] : [],
    );
    return { ...named, used, dropIns: files.slice(1), notRead };
  } catch (error) {
    return { ...named, used, dropIns: [], notRead: [{ path: used, reason: KataError.from(error).message }] };
  }
}

import { KataError } from "../../base/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { UsageError } from "../args/usage-error.ts";
import { type EnvironmentFlag, parseEnvironmentFile } from "./environment.ts";

const maxBytes = 16 << 20;

/** The settings of all `--env-file`s, in order. Throws UsageError for a bad line, or what reading a file threw. */
export function environmentFromFiles(sys: Pick<FilesPort, "readText">, files: readonly string[]): EnvironmentFlag[] {
  return files.flatMap((file) => {
    try {
      return parseEnvironmentFile(sys.readText(file, maxBytes), file);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw KataError.wrap(error, "Cannot read the file of --env-file", {
        stage: "prepare-sandbox",
        field: "--env-file",
      });
    }
  });
}

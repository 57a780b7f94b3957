import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import type { ProcessesPort } from "../sys/port/processes.ts";
import type { SystemPort } from "../sys/port/system.ts";
import type { Document } from "./problem.ts";
import { resolveConfig } from "./resolve.ts";
import type { RuntimeConfig } from "./runtime-config.ts";
import { parseToml } from "./toml.ts";

/** What loading needs of the system. */
export type ConfigSys = Pick<FilesPort, "readText" | "readDir" | "exists" | "realPath" | "readLink"> &
  Pick<ProcessesPort, "env"> &
  Pick<SystemPort, "cpuCount">;

/** Far beyond any configuration; keeps a wrong path from filling the memory. */
const maxFileBytes = 1024 * 1024;
const maxDropIns = 256;

/**
 * Finds, reads and checks the configuration: the given file, else the one that `KATA_CONF_FILE` names, else the first of
 * `configPaths`; then the drop-ins `config.d/*.toml` beside it (beside the file itself, where links lead to) in the order of
 * their names. Throws KataError `not-found`, ConfigError with every problem, or SysError; all of stage `load-config`.
 */
export function loadRuntimeConfig(deps: { sys: ConfigSys }, options: { path?: string } = {}): RuntimeConfig {
  const { sys } = deps;
  const file = chooseFile(sys, options.path);
  const documents = [readDocument(sys, file), ...dropIns(sys, file).map((path) => readDocument(sys, path))];
  return resolveConfig(documents, { cpus: sys.cpuCount(), memoryMib: hostMemoryMib(sys) });
}

/** Where a configuration is looked for, best first; `programDir` holds the running program. */
export function configPaths(programDir: string): string[] {
  return [
    `${programDir}/../etc/kata-containers/configuration.toml`,
    "/etc/kata-containers/configuration.toml",
    `${programDir}/../share/defaults/kata-containers/configuration.toml`,
    "/usr/share/defaults/kata-containers/configuration.toml",
  ].map(withoutDots);
}

function chooseFile(sys: ConfigSys, given: string | undefined): string {
  const named = given !== undefined && given !== "" ? given : sys.env("KATA_CONF_FILE");
  if (named !== undefined && named !== "") return named;
  const program = sys.readLink("/proc/self/exe");
  const places = configPaths(program.slice(0, program.lastIndexOf("/")));
  const found = places.find((path) => sys.exists(path));
  if (found !== undefined) return found;
  throw new KataError("not-found", `There is no configuration file: looked for ${places.join(", ")}`, {
    stage: "load-config",
    hint: "Name one with --config or KATA_CONF_FILE, or install the default one",
  });
}

function withoutDots(path: string): string {
  return path.replace(/\/[^/]+\/\.\.(?=\/)/, "");
}

function readDocument(sys: ConfigSys, file: string): Document {
  let source: string;
  try {
    source = sys.readText(file, maxFileBytes);
  } catch (error) {
    const missing = isErrno(error, "ENOENT", "ENOTDIR");
    throw KataError.wrap(
      error,
      missing ? `Configuration file ${file} does not exist` : `Cannot read configuration file ${file}`,
      { stage: "load-config", hint: "Name a file that exists with --config or KATA_CONF_FILE" },
    );
  }
  return { file, source, table: parseToml(source, file) };
}

function dropIns(sys: ConfigSys, file: string): string[] {
  const real = sys.realPath(file);
  const directory = `${real.slice(0, real.lastIndexOf("/"))}/config.d`;
  if (!sys.exists(directory)) return [];
  const names = sys.readDir(directory).filter(({ name, kind }) => name.endsWith(".toml") && kind !== "directory");
  if (names.length > maxDropIns) {
    throw new KataError(
      "resource-exhausted",
      `${directory} has ${names.length} drop-ins, at most ${maxDropIns} are read`,
      { stage: "load-config", hint: "Name a file that exists with --config or KATA_CONF_FILE" },
    );
  }
  return names.map(({ name }) => `${directory}/${name}`);
}

function hostMemoryMib(sys: ConfigSys): number {
  const kib = /^MemTotal: +(\d+) kB/m.exec(sys.readText("/proc/meminfo"))?.[1];
  if (kib === undefined) throw new KataError("internal", "/proc/meminfo does not tell MemTotal");
  return Math.floor(Number(kib) / 1024);
}

import { evaluateDocuments } from "../evaluate.ts";
import { ConfigError, isFatal } from "../finding.ts";
import type { Host } from "../rules/rule.ts";
import type { RuntimeConfig } from "../runtime-config.ts";
import { runtimeConfigOf } from "../runtime-config-of.ts";
import { parseToml } from "../toml/parse.ts";

const smallHost: Host = { arch: "amd64", cpus: 2, memoryMib: 4096 };

/** What texts add up to, a main file and its drop-ins, without a disk. Throws ConfigError as the loader does. */
export function configOf(texts: readonly string[], host: Host = smallHost): RuntimeConfig {
  const documents = texts.map((source, index) => {
    const { table, mistakes } = parseToml(source);
    if (mistakes[0] !== undefined) throw new Error(mistakes[0].message);
    return { file: `test${index}.toml`, dropIn: index > 0, source, table };
  });
  const { values, type, findings } = evaluateDocuments({ documents, findings: [] }, host);
  if (findings.some(isFatal)) throw new ConfigError(findings);
  return { ...runtimeConfigOf(values, type, host), assetHashes: [], source: "test0.toml", warnings: [] };
}

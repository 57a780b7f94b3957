import { type ConfigRequest, type ConfigSys, evaluate } from "./evaluate.ts";
import { ConfigError, findingText, isFatal } from "./finding.ts";
import type { RuntimeConfig } from "./runtime-config.ts";
import { runtimeConfigOf } from "./runtime-config-of.ts";

/**
 * The effective configuration of a sandbox: file, drop-ins, and what a judge lets its pod change. Throws ConfigError with
 * everything that stops a start; KataError `not-found` when there is no file. All errors are of stage `load-config`.
 */
export function loadRuntimeConfig(deps: { readonly sys: ConfigSys }, request: ConfigRequest = {}): RuntimeConfig {
  const { files, type, host, values, findings, assetHashes } = evaluate(deps.sys, request);
  if (findings.some(isFatal)) throw new ConfigError(findings);
  return {
    ...runtimeConfigOf(values, type, host),
    assetHashes: [...assetHashes].map(([asset, sha512]) => ({ asset, sha512 })),
    source: files[0],
    // Notes are for who asks; what is probably a mistake belongs into the log.
    warnings: findings.filter(({ severity }) => severity === "warning").map(findingText),
  };
}

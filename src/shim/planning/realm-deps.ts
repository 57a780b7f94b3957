import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Annotations } from "../../oci/spec.ts";
import { askRealm } from "./ask-realm.ts";
import { cachedConfig } from "./config-cache.ts";
import type { PlanningDeps } from "./plan-sandbox.ts";
import { realmSys } from "./realm-sys.ts";

/** A call for a configuration, as it travels to a realm. */
export interface ConfigRequest {
  readonly path: string;
  readonly annotations: Annotations;
}

/** For planning in a realm. Parsers and schemas of the configuration are in others, for when it is not remembered. */
export const realmDeps: PlanningDeps = {
  sys: realmSys,
  config(path, annotations) {
    const request: ConfigRequest = { path, annotations };
    if (Object.keys(annotations).length > 0) return askRealm("pod-config.js", request) as RuntimeConfig;
    return cachedConfig(realmSys, path, () => askRealm("config.js", request) as RuntimeConfig);
  },
};

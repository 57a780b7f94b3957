// A module that runs in a realm of its own. It is small: what is not remembered, the module of another realm reads.
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import { answer } from "./answer.ts";
import { askRealm } from "./ask-realm.ts";
import { cachedConfig } from "./config-cache.ts";
import { configSys } from "./config-sys.ts";
import type { ConfigRequest, DocumentAnswer } from "./documents.ts";

/** Called by native/realm.c. */
export function run(request: ConfigRequest): DocumentAnswer {
  const load = () => askRealm("plain-config.js", request) as RuntimeConfig;
  return answer(() => cachedConfig(configSys, request.path, load));
}

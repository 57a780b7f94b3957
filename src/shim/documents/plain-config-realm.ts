// A module that runs in a realm of its own; it is without the code that judges annotations, which most sandboxes do not have.
import { loadRuntimeConfig } from "../../config/load.ts";
import { answer } from "./answer.ts";
import { configSys } from "./config-sys.ts";
import type { ConfigRequest, DocumentAnswer } from "./documents.ts";

/** Called by native/realm.c. */
export function run({ path }: ConfigRequest): DocumentAnswer {
  return answer(() => loadRuntimeConfig({ sys: configSys }, { path }));
}

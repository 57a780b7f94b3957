// A module that runs in a realm of its own; it is without the code that judges annotations, which most sandboxes do not have.
import { loadRuntimeConfig } from "../../config/load.ts";
import { answer, type RealmAnswer } from "./answer.ts";
import type { ConfigRequest } from "./realm-deps.ts";
import { realmSys } from "./realm-sys.ts";

/** Called by native/realm.c. */
export function run({ path }: ConfigRequest): RealmAnswer {
  return answer(() => loadRuntimeConfig({ sys: realmSys }, { path }));
}

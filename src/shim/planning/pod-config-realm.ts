// A module that runs in a realm of its own.
import { podJudge } from "../../config/annotations/judge-pod.ts";
import { loadRuntimeConfig } from "../../config/load.ts";
import { answer, type RealmAnswer } from "./answer.ts";
import type { ConfigRequest } from "./realm-deps.ts";
import { realmSys } from "./realm-sys.ts";

/** Called by native/realm.c. */
export function run({ path, annotations }: ConfigRequest): RealmAnswer {
  return answer(() => loadRuntimeConfig({ sys: realmSys }, { path, judge: podJudge(annotations) }));
}

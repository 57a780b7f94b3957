// A module that runs in a realm of its own.
import { podJudge } from "../../config/annotations/judge-pod.ts";
import { loadRuntimeConfig } from "../../config/load.ts";
import { answer } from "./answer.ts";
import { configSys } from "./config-sys.ts";
import type { ConfigRequest, DocumentAnswer } from "./documents.ts";

/** Called by native/realm.c. */
export function run({ path, annotations }: ConfigRequest): DocumentAnswer {
  return answer(() => loadRuntimeConfig({ sys: configSys }, { path, judge: podJudge(annotations) }));
}

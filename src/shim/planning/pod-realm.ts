// A module that runs in a realm of its own.
import { answer, type RealmAnswer } from "./answer.ts";
import { planPod } from "./plan-pod.ts";
import type { PodQuestion } from "./planner.ts";
import { realmDeps } from "./realm-deps.ts";

/** Called by native/realm.c. */
export function run(question: PodQuestion): RealmAnswer {
  return answer(() => planPod(realmDeps, question));
}

// A module that runs in a realm of its own.
import { answer, type RealmAnswer } from "./answer.ts";
import { planTask } from "./plan-task.ts";
import type { TaskQuestion } from "./planner.ts";
import { realmDeps } from "./realm-deps.ts";

/** Called by native/realm.c. */
export function run(question: TaskQuestion): RealmAnswer {
  return answer(() => planTask(realmDeps, question));
}

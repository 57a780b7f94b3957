import { expect, test } from "vitest";
import { agentService } from "../services/agent.ts";
import type { CallContext } from "./handlers.ts";
import { lazyHandlers } from "./lazy-handlers.ts";

const context = {} as CallContext;

test("lazyHandlers() asks what is loaded first, and the rest only for what that has not", async () => {
  const asked: string[] = [];
  const handlers = lazyHandlers(
    agentService,
    async () => {
      asked.push("often");
      return { getOOMEvent: () => ({ containerId: "a" }) };
    },
    async () => {
      asked.push("rarely");
      return { getOOMEvent: () => ({ containerId: "b" }), getMetrics: () => ({ metrics: "m" }) };
    },
  );
  expect(await handlers.getOOMEvent?.({}, context)).toEqual({ containerId: "a" });
  expect(asked).toEqual(["often"]);
  expect(await handlers.getMetrics?.({}, context)).toEqual({ metrics: "m" });
  expect(asked).toEqual(["often", "often", "rarely"]);
  await expect(Promise.resolve(handlers.setPolicy?.({ policy: "" }, context))).rejects.toMatchObject({
    code: "unimplemented",
    message: "method SetPolicy",
  });
});

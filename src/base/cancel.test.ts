import { expect, test } from "vitest";
import { type CancelSignal, CancelSource } from "./cancel.ts";

test("CancelSource tells its listeners once, in order, with its reason", () => {
  const source = new CancelSource();
  const heard: string[] = [];
  const removed = () => heard.push("removed");
  source.signal.addEventListener("abort", () => heard.push("first"));
  source.signal.addEventListener("abort", removed);
  source.signal.addEventListener("abort", () => heard.push("last"));
  source.signal.removeEventListener("abort", removed);
  expect(source.signal).toMatchObject({ aborted: false, reason: undefined });
  const reason = new Error("enough");
  source.cancel(reason);
  source.cancel(new Error("again"));
  expect(heard).toEqual(["first", "last"]);
  expect(source.signal).toMatchObject({ aborted: true, reason });
});

test("a reason is made when none is given", () => {
  const source = new CancelSource();
  source.cancel();
  expect(source.signal.reason).toMatchObject({ name: "KataError", code: "cancelled" });
});

test("an AbortSignal is a CancelSignal", () => {
  const controller = new AbortController();
  const signal: CancelSignal = controller.signal;
  let heard = 0;
  signal.addEventListener("abort", () => heard++);
  controller.abort();
  expect(heard).toBe(1);
  expect(signal.aborted).toBe(true);
});

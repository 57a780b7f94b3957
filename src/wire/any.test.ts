import { expect, test } from "vitest";
import { holds, packAny, unpackAny } from "./any.ts";
import { TaskExit, TaskOOM } from "./gen/containerd/events/task.ts";

test("packAny() names the message as containerd does, and unpackAny() reverses it", () => {
  const exit = TaskExit.create({ containerId: "c1", exitStatus: 137, exitedAt: { seconds: 5n } });
  const any = packAny(TaskExit, exit);
  expect(any.typeUrl).toBe("containerd.events.TaskExit");
  expect(unpackAny(any, TaskExit)).toEqual(exit);
});

test("holds() accepts a type URL with a host and tells types apart", () => {
  const any = { typeUrl: "type.googleapis.com/containerd.events.TaskExit", value: new Uint8Array(0) };
  expect(holds(any, TaskExit)).toBe(true);
  expect(holds(any, TaskOOM)).toBe(false);
});

test("unpackAny() names the wanted and the found type", () => {
  const any = packAny(TaskOOM, TaskOOM.create());
  expect(() => unpackAny(any, TaskExit)).toThrow(
    'Expected containerd.events.TaskExit, got type URL "containerd.events.TaskOOM"',
  );
});

import { expect, test } from "vitest";
import { parseFieldList } from "./field-list.ts";

test("parseFieldList() reads scalars, labels, maps and message types in their order", () => {
  const [user, label] = [{ name: "User" }, { name: "Label" }];
  const text =
    "1 id string,2 args string repeated,3 user .,4 labels map .,5 env map string,6 users . repeated,9 pid int32 optional";
  expect(parseFieldList(text, [user, label, user])).toEqual([
    [1, "id", "string"],
    [2, "args", "string", "repeated"],
    [3, "user", user],
    [4, "labels", "map", label],
    [5, "env", "map", "string"],
    [6, "users", user, "repeated"],
    [9, "pid", "int32", "optional"],
  ]);
});

test("parseFieldList() knows messages without fields", () => {
  expect(parseFieldList("", [])).toEqual([]);
});

test("parseFieldList() refuses a list with too few types", () => {
  expect(() => parseFieldList("1 a .,2 b .", [{}])).toThrow("too few types");
});

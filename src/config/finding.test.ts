import { expect, test } from "vitest";
import { KataError } from "../base/error.ts";
import { ConfigError, type Finding, findingText } from "./finding.ts";

const finding: Finding = {
  severity: "error",
  code: "wrong-value",
  place: { kind: "file", file: "/c.toml", line: 3, column: 9 },
  key: "runtime.a",
  rule: "must be one of b, c",
  got: '"d"',
  suggestion: '"b"',
};

test("a finding is told with its place, key, rule, value and what may have been meant", () => {
  expect(findingText(finding)).toBe('/c.toml:3:9  runtime.a: must be one of b, c; got "d" (did you mean "b"?)');
  const { got: _, suggestion: __, ...bare } = finding;
  expect(findingText({ ...bare, place: { kind: "annotation", name: "n" } })).toBe(
    "annotation n  runtime.a: must be one of b, c",
  );
  expect(findingText({ ...bare, place: { kind: "whole-file", file: "/d" }, key: "" })).toBe("/d  must be one of b, c");
});

test("a ConfigError is a KataError, and not every KataError is one", () => {
  const error: unknown = new ConfigError([finding]);
  expect(error instanceof ConfigError).toBe(true);
  expect(error instanceof KataError).toBe(true);
  expect(new KataError("internal", "x") instanceof ConfigError).toBe(false);
  const nothing: unknown = undefined;
  expect(nothing instanceof ConfigError).toBe(false);
});

test("only what is unsupported makes an error of another code, and notes are left out", () => {
  const unsupported: Finding = { ...finding, severity: "unsupported", code: "unsupported" };
  const note: Finding = { ...finding, severity: "note", code: "ignored", rule: "is a note" };
  expect(new ConfigError([unsupported, note])).toMatchObject({
    code: "unimplemented",
    message: findingText(unsupported),
  });
  expect(new ConfigError([unsupported, finding]).code).toBe("invalid-argument");
});

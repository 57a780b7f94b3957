import { expect, test } from "vitest";
import { type ErrorCode, KataError } from "../../../base/error.ts";
import { programField } from "../../spec/program.ts";
import { runFailureCode } from "./exit-code.ts";
import { InterruptedError } from "./handler.ts";

const error = (code: ErrorCode, message: string, field?: string) =>
  KataError.wrap(new KataError(code, message, field === undefined ? {} : { field }), 'Cannot start container "web"');

test.each([
  [error("not-found", "x", programField), 127],
  [error("not-found", 'exec: "/x": stat /x: no such file or directory', "process.args"), 127],
  [error("permission-denied", "x", "process.args"), 126],
  [error("invalid-argument", "There is no command to run", "process.args"), 125],
  [error("unknown", 'exec: "x": executable file not found in $PATH'), 127],
  [error("unknown", 'exec: "x": permission denied'), 126],
  [error("unknown", "no such file or directory"), 125],
  [error("not-found", "There is no user", "process.user"), 125],
  [KataError.wrap(new KataError("cancelled", "x", { cause: new InterruptedError(15) }), "y"), 143],
])("runFailureCode of %o is %i", (thrown, code) => {
  expect(runFailureCode(thrown)).toBe(code);
});

import { describe, expect, test } from "vitest";
import { KataError } from "../../base/error.ts";
import { UsageError } from "../args/usage-error.ts";
import { renderError, reportError } from "./error.ts";
import { colourStyle, plainStyle } from "./style.ts";

const boot = new KataError("unavailable", 'Cannot start container "web"', {
  stage: "boot-guest",
  hint: "the guest kernel has no virtio-console",
  see: ["kata-ctl logs web --source console"],
  cause: new KataError("deadline-exceeded", "Timed out after 10000 ms: the agent's first answer", {
    cause: new Error("connect /run/vc/vm/x/agent.sock: Connection refused (ECONNREFUSED)"),
  }),
});

describe("renderError", () => {
  test("puts what, stage, causes, hint and see on aligned lines", () => {
    expect(renderError(boot, plainStyle)).toBe(
      [
        'error: cannot start container "web"',
        "  stage   boot-guest",
        "  cause   Timed out after 10000 ms: the agent's first answer",
        "  because connect /run/vc/vm/x/agent.sock: Connection refused (ECONNREFUSED)",
        "  hint    the guest kernel has no virtio-console",
        "  see     kata-ctl logs web --source console",
        "",
      ].join("\n"),
    );
  });

  test("keeps an acronym's capitals and points a usage error at the command's help", () => {
    expect(
      renderError(new UsageError("VM memory is too small"), plainStyle, { helpCommand: "kata-ctl run --help" }),
    ).toBe("error: VM memory is too small\n  see     kata-ctl run --help\n");
  });

  test("indents a cause of several lines and never passes control characters on", () => {
    const error = new KataError("internal", "QEMU ended", { cause: new Error("one\n\u001b[2Jtwo\n") });
    expect(renderError(error, plainStyle)).toBe("error: QEMU ended\n  cause   one\n          \\x1b[2Jtwo\n");
  });

  test("does not repeat a cause that the message contains", () => {
    const error = new KataError("internal", "Cannot read a: no such file", { cause: new Error("no such file") });
    expect(renderError(error, plainStyle)).toBe("error: cannot read a: no such file\n");
  });

  test("colours only when told", () => {
    expect(renderError(new Error("x"), colourStyle)).toContain("\u001b[1;31merror:\u001b[0m");
  });
});

test("reportError gives scripts the same fields", () => {
  expect(reportError(boot)).toEqual({
    code: "unavailable",
    message: 'Cannot start container "web"',
    stage: "boot-guest",
    causes: [
      "Timed out after 10000 ms: the agent's first answer",
      "connect /run/vc/vm/x/agent.sock: Connection refused (ECONNREFUSED)",
    ],
    hint: "the guest kernel has no virtio-console",
    docs: ["kata-ctl logs web --source console"],
  });
  expect(reportError("text")).toEqual({ code: "internal", message: "text", causes: [], docs: [] });
});

test("a KataError is not a UsageError", () => {
  expect(boot instanceof UsageError).toBe(false);
  expect(new UsageError("x") instanceof KataError).toBe(true);
});

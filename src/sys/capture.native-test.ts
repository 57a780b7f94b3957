import { expect, test } from "../../test/native/runner.ts";
import { utf8Decode } from "../base/bytes.ts";
import { CancelSource } from "../base/cancel.ts";
import { capture } from "./capture.ts";

const sh = (script: string) => ({ path: "/bin/sh", argv: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] });

test("capture keeps both outputs apart and reports the exit code", async (deps) => {
  const result = await capture(deps, { spawn: sh("echo out; echo err >&2; exit 3") });
  expect(result.status).toEqual({ kind: "exited", code: 3 });
  expect(utf8Decode(result.stdout)).toBe("out\n");
  expect(utf8Decode(result.stderr)).toBe("err\n");
});

test("capture keeps the beginning of standard output and the end of standard error", async (deps) => {
  const result = await capture(deps, {
    spawn: sh("i=0; while [ $i -lt 5000 ]; do echo $i; echo $i >&2; i=$((i+1)); done"),
    stdoutLimit: 4,
    stderrLimit: 5,
  });
  expect(utf8Decode(result.stdout)).toBe("0\n1\n");
  expect(utf8Decode(result.stderr)).toBe("4999\n");
});

test("capture kills the program at its deadline and when cancelled", async (deps) => {
  const startedMs = deps.loop.nowMs();
  const late = await capture(deps, { spawn: sh("exec sleep 10"), timeoutMs: 30 }).catch((error: unknown) => error);
  expect((late as { code: string }).code).toBe("deadline-exceeded");
  const source = new CancelSource();
  deps.loop.setTimer(30, () => source.cancel());
  const cancelled = await capture(deps, { spawn: sh("exec sleep 10"), signal: source.signal }).catch(
    (error: unknown) => error,
  );
  expect((cancelled as { code: string }).code).toBe("cancelled");
  expect(deps.loop.nowMs() - startedMs < 8000).toBe(true);
});

test("capture throws when the program cannot be started", async (deps) => {
  const error = await capture(deps, { spawn: { path: "/no/such", argv: ["x"], env: [] } }).catch((e: unknown) => e);
  expect((error as { code: string }).code).toBe("ENOENT");
});

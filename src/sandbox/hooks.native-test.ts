import { expect, type TestContext, test } from "../../test/native/runner.ts";
import { Logger, type LogRecord } from "../base/logger.ts";
import type { Hook } from "../oci/spec.ts";
import { type HookState, runHooks } from "./hooks.ts";

function setUp(context: TestContext) {
  const { sys, loop } = context;
  const dir = context.tempDir();
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "warn" });
  const state: HookState = {
    ociVersion: "1.1.0",
    id: "web",
    status: "creating",
    pid: 7,
    bundle: dir,
    annotations: { a: "b" },
  };
  const hook = (script: string, more: Partial<Hook> = {}): Hook => ({
    path: "/bin/sh",
    args: ["sh", "-c", script],
    env: ["PATH=/bin:/usr/bin", "GREETING=hi"],
    timeout: undefined,
    ...more,
  });
  const deps = { sys, loop, logger };
  return { sys, dir, deps, state, hook, records };
}

const errorOf = async (work: Promise<void>) => {
  try {
    await work;
  } catch (error) {
    return error as Error & { code: string; field: string };
  }
  throw new Error("it should have failed");
};

test("runHooks(): a hook gets the state, its environment and the bundle as directory", async (context) => {
  const { sys, dir, deps, state, hook } = setUp(context);
  await runHooks(deps, "prestart", [hook("cat > state; echo $GREETING > env; pwd > cwd")], state);
  expect(JSON.parse(sys.readText(`${dir}/state`))).toEqual({ ...state });
  expect(sys.readText(`${dir}/env`)).toBe("hi\n");
  expect(sys.readText(`${dir}/cwd`)).toBe(`${dir}\n`);
});

test("runHooks(): the state may be larger than a pipe", async (context) => {
  const { sys, dir, deps, state, hook } = setUp(context);
  const annotations = { big: "x".repeat(300_000) };
  await runHooks(deps, "prestart", [hook("cat > state")], { ...state, annotations });
  expect(JSON.parse(sys.readText(`${dir}/state`)).annotations.big.length).toBe(300_000);
});

test("runHooks(): the first failure ends it and carries the hook's words", async (context) => {
  const { sys, dir, deps, state, hook } = setUp(context);
  const error = await errorOf(
    runHooks(deps, "createRuntime", [hook("true"), hook("echo no luck >&2; exit 3"), hook("touch ran")], state),
  );
  expect(error.message).toBe("The hook /bin/sh exited with code 3");
  expect(error.field).toBe("hooks.createRuntime[1]");
  expect((error.cause as Error).message).toBe("It said: no luck");
  expect(sys.exists(`${dir}/ran`)).toBe(false);
});

test("runHooks(): a hook that takes too long is killed", async (context) => {
  const { deps, state, hook } = setUp(context);
  const error = await errorOf(runHooks(deps, "prestart", [hook("exec sleep 100", { timeout: 1 })], state));
  expect(error.code).toBe("deadline-exceeded");
  expect(error.message).toBe("The hook /bin/sh took longer than 1 s");
});

test("runHooks(): a hook that cannot be started names itself", async (context) => {
  const { deps, state, hook } = setUp(context);
  const error = await errorOf(runHooks(deps, "prestart", [hook("", { path: "/no/such/hook" })], state));
  expect(error.code).toBe("not-found");
  expect(error.message).toBe("Cannot run the hook /no/such/hook");
});

test("runHooks(): after the start, failures are warnings and the others still run", async (context) => {
  const { sys, dir, deps, state, hook, records } = setUp(context);
  await runHooks(deps, "poststop", [hook("exit 1"), hook("touch ran")], state);
  expect(sys.exists(`${dir}/ran`)).toBe(true);
  expect(records.map(({ message }) => message)).toEqual(["hook failed"]);
});

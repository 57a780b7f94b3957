import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { sleep } from "../../base/clock.ts";
import { causeChain, KataError } from "../../base/error.ts";
import { Logger } from "../../base/logger.ts";
import { connectStream } from "../../sys/connect.ts";
import { signals } from "../../sys/signals.ts";
import type { FdStream } from "../../sys/stream.ts";
import { QmpClient } from "./qmp-client.ts";
import type { QmpEvent } from "./qmp-message.ts";

/** A QEMU without a machine, and a client of its monitor. */
async function startQemu(context: TestContext) {
  const { sys, loop, cleanup } = context;
  const path = `${context.tempDir()}/qmp.sock`;
  const pid = sys.spawn({
    path: "/usr/bin/qemu-system-x86_64",
    argv: ["qemu", "-machine", "none", "-nodefaults", "-display", "none", "-qmp", `unix:${path},server=on,wait=off`],
    env: [],
    deathSignal: signals.SIGKILL,
  });
  let running = true;
  const exited = loop.exited(pid).then((status) => {
    running = false;
    return status;
  });
  cleanup(() => {
    if (running) sys.kill(pid, signals.SIGKILL);
  });
  let stream: FdStream | undefined;
  while (stream === undefined) {
    stream = await connectStream(sys, loop, { kind: "unix", path }).catch(() => undefined);
    if (stream === undefined) await sleep(loop, 5);
  }
  const events: QmpEvent[] = [];
  const logger = new Logger({ sink: () => undefined, wallMs: () => 0 }, { level: "error" });
  const client = await QmpClient.connect({ stream, clock: loop, logger }, { onEvent: (event) => events.push(event) });
  cleanup(() => client.close());
  return { client, events, exited, pid };
}

test("QMP: a real QEMU greets, answers, refuses, reports and quits", async (context) => {
  const { client, events, exited } = await startQemu(context);
  expect(client.greeting.version).toMatch(/^\d+\.\d+\.\d+$/);
  const version = (await client.execute("query-version")) as { qemu: { major: number } };
  expect(String(version.qemu.major)).toBe(client.greeting.version.split(".")[0]);
  // Some hundred kilobytes in one line, in many chunks.
  const schema = (await client.execute("query-qmp-schema")) as unknown[];
  expect(schema.length).toBeGreaterThan(500);
  const many = await Promise.all(Array.from({ length: 200 }, () => client.execute("query-status")));
  expect(many.length).toBe(200);
  const error = await client.execute("device_del", { id: "none" }).catch((reason: unknown) => reason);
  expect((error as KataError).code).toBe("not-found");
  expect(causeChain(error)).toEqual(["QEMU refused the command device_del", "Device 'none' not found"]);
  const gone = client.waitForEvent(({ name }) => name === "SHUTDOWN");
  await client.execute("quit");
  expect((await gone).data.reason).toBe("host-qmp-quit");
  expect((await client.closed).code).toBe("unavailable");
  expect(await exited).toEqual({ kind: "exited", code: 0 });
  expect(events.map(({ name }) => name)).toEqual(["SHUTDOWN"]);
});

test("QMP: commands fail at once when QEMU is killed", async (context) => {
  const { client, exited, pid } = await startQemu(context);
  context.sys.kill(pid, signals.SIGSTOP);
  const pending = client.execute("query-status").catch((reason: unknown) => reason);
  context.sys.kill(pid, signals.SIGKILL);
  const error = await pending;
  expect(error instanceof KataError && error.code).toBe("unavailable");
  await exited;
});

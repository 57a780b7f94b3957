import { execFile, execFileSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, readSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { KataError } from "../../src/base/error.ts";
import { packAny } from "../../src/wire/any.ts";
import { Any } from "../../src/wire/gen/google/protobuf/any.ts";
import { Options } from "../../src/wire/gen/runtimeoptions/v1/api.ts";
import { findProcesses } from "../support/leak-check.ts";
import { alive, shimProgram, until } from "../support/shim-host.ts";
import { useShimHost } from "../support/shim-test.ts";

const { host, nextId } = useShimHost("shim-start");

/** Runs `start` beside others. */
function startAside(id: string): Promise<string> {
  const flags = ["-namespace", "test", "-address", host().dir, "-id", id, "-bundle", host().bundle(id), "start"];
  return promisify(execFile)(shimProgram, flags).then(({ stdout }) => stdout);
}

test("many starts at once over a dead shim's socket: one shim serves, all answer its address", async () => {
  const id = nextId();
  host().makeBundle(id, { args: ["true"] });
  const shims = () => findProcesses(/^containerd-shim-kata/, id);
  const address = host().startShim(id);
  for (let round = 0; round < 10; round++) {
    const [dead = 0] = shims();
    process.kill(dead, "SIGKILL");
    await until(() => !alive(dead), 10_000, "the shim's end");
    expect(existsSync(host().socketOf(id))).toBe(true);
    expect(await Promise.all(Array.from({ length: 8 }, () => startAside(id)))).toEqual(Array(8).fill(address));
    expect(shims()).toEqual([host().shimPid(id)]);
    const { task } = await host().connect(address);
    expect((await task.connect({ id })).shimPid).toBe(host().shimPid(id));
  }
  const { task, client } = await host().connect(address);
  await task.shutdown({ id, now: true });
  await client.closed;
  expect(existsSync(host().socketOf(id))).toBe(false);
});

test("nobody reads the log, or not fast enough: the shim goes on, and tells once what is missing", async () => {
  const id = nextId();
  const request = host().makeBundle(id, { args: ["true"] });
  const fifo = path.join(request.bundle, "log");
  execFileSync("mkfifo", [fifo]);
  const { task, client } = await host().connect(host().startShim(id, ["-debug"]));
  // Each failure is a line at level debug.
  const say = async (lines: number) => {
    for (let i = 0; i < lines; i += 50) {
      await Promise.all(Array.from({ length: 50 }, () => task.state({ id, execId: "" }).catch(KataError.from)));
    }
  };
  await say(2000);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const read = () => {
    const buffer = Buffer.alloc(1 << 20);
    let text = "";
    try {
      for (let count = readSync(reader, buffer); count > 0; count = readSync(reader, buffer)) {
        text += buffer.toString("utf8", 0, count);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return text.split("\n").filter(Boolean);
  };
  const dropped = (lines: string[]) =>
    lines.flatMap((line) => (/ dropped=(\d+)$/.exec(line) ?? []).slice(1)).map(Number);
  await say(50);
  const late = read();
  expect(dropped(late)).toHaveLength(1);
  expect(late.length + (dropped(late)[0] ?? 0)).toBe(2051);

  // More than a pipe holds: 64 KiB.
  await say(2000);
  const first = read();
  expect(dropped(first)).toEqual([]);
  await say(50);
  const next = read();
  expect(dropped(next)).toHaveLength(1);
  expect(first.length + next.length + (dropped(next)[0] ?? 0)).toBe(2050);
  for (const line of [...late, ...first, ...next]) expect(line).toMatch(/^time="[^"]+" level=\w+ msg=.* sandbox=/);

  await task.shutdown({ id, now: true });
  await client.closed;
  closeSync(reader);
});

test("a containerd that hangs holds up neither the exit, nor the delete, nor the shim's end", async () => {
  const id = nextId();
  const socket = path.join(host().dir, "hung.sock");
  const sockets: Socket[] = [];
  const hung = createServer((connection) => sockets.push(connection));
  await new Promise<void>((resolve) => hung.listen(socket, resolve));
  host().env.TTRPC_ADDRESS = socket;
  const container = await host().run(id, { args: ["sleep", "1000"] });
  const startedAt = performance.now();
  await container.end();
  // Of that 2 s are for containerd, and only because it was not yet known to hang.
  expect(performance.now() - startedAt).toBeLessThan(4000);
  const shim = host().shimPid(id);
  await until(() => !alive(shim), 5000, "the shim's end");
  expect(performance.now() - startedAt).toBeLessThan(5000);
  expect(
    host()
      .log(id)
      .match(/containerd is away/g),
  ).toHaveLength(1);
  for (const connection of sockets) connection.destroy();
  hung.close();
  rmSync(socket, { force: true });
});

test("an id as long as containerd has them leaves room for every socket; a longer one is refused at the start", async () => {
  const id = nextId().padEnd(76, "x");
  const container = await host().run(id, { args: ["sleep", "1000"], spec: { hostname: "short" } });
  expect(existsSync(`/run/vc/sbs/${id}/shim-monitor.sock`)).toBe(true);
  expect(host().log(id)).not.toContain("ENAMETOOLONG");
  await container.end();
  const longer = `${id}x`;
  host().makeBundle(longer, { args: ["true"], spec: { hostname: "short" } });
  expect(() => host().startShim(longer)).toThrow(/it has 77 characters, at most 76 are allowed/);
});

test("options that hold a configuration are refused at the start, with what to write instead", () => {
  const options = packAny(Options, Options.create({ configBody: Buffer.from("SystemdCgroup = true\n") }));
  expect(() => host().startSandboxShim(nextId(), Any.encode(options).finish())).toThrow(
    /options must name a file, they hold a configuration themselves \(Set ConfigPath in the runtime's options/,
  );
});

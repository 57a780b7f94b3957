import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { CancelSource } from "../../base/cancel.ts";
import { causeChain, KataError } from "../../base/error.ts";
import { Logger, type LogRecord } from "../../base/logger.ts";
import { caught } from "../testing/caught.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { fuzz } from "../testing/fuzz.ts";
import { type MemoryStream, memoryStreamPair } from "../testing/memory-stream.ts";
import { QmpClient, type QmpOptions } from "./qmp-client.ts";
import { QmpError } from "./qmp-error.ts";
import type { QmpEvent } from "./qmp-message.ts";

const greeting = `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian 1:7.2"}, "capabilities": ["oob"]}}\r\n`;

interface Command {
  readonly execute: string;
  readonly arguments?: unknown;
  readonly id: number;
}

/** A client, and QEMU's end driven by hand. */
function setUp(options: QmpOptions = {}, chunkBytes = 65536) {
  const clock = new FakeClock();
  const records: LogRecord[] = [];
  const logger = new Logger({ sink: (record) => records.push(record), wallMs: () => 0 }, { level: "debug" });
  const [near, far] = memoryStreamPair({ chunkBytes });
  const commands: Command[] = [];
  let received = "";
  far.start({
    data: (chunk) => {
      received += utf8Decode(chunk);
      const lines = received.split("\n");
      received = lines.pop() ?? "";
      commands.push(...lines.map((line) => JSON.parse(line) as Command));
    },
    close: () => undefined,
  });
  const say = (line: string) => far.write(utf8Encode(line));
  return {
    clock,
    records,
    near,
    far,
    commands,
    say,
    connecting: QmpClient.connect({ stream: near, clock, logger }, options),
  };
}

async function connected(options: QmpOptions = {}, chunkBytes = 65536) {
  const peer = setUp(options, chunkBytes);
  peer.say(greeting);
  while (peer.commands.length === 0) await settle();
  peer.say(`{"return": {}, "id": ${peer.commands[0]?.id}}\r\n`);
  const client = await peer.connecting;
  peer.commands.length = 0;
  return { ...peer, client };
}

describe("connecting", () => {
  test.each([1, 7, 65536])("takes the greeting and negotiates, %d bytes at a time", async (chunkBytes) => {
    const { client } = await connected({}, chunkBytes);
    expect(client.greeting).toEqual({ version: "7.2.22", package: "Debian 1:7.2", capabilities: ["oob"] });
  });

  test("passes on events that come before the greeting and while negotiating", async () => {
    const events: string[] = [];
    const { say, commands, connecting } = setUp({ onEvent: ({ name }) => events.push(name) });
    say('{"event": "EARLY"}\n');
    say(greeting);
    await settle();
    expect(commands).toEqual([{ execute: "qmp_capabilities", id: 1 }]);
    say('{"event": "NEXT"}\n{"return": {}, "id": 1}\n');
    await connecting;
    expect(events).toEqual(["EARLY", "NEXT"]);
  });

  test.each([
    ["an answer before the greeting", '{"return": {}, "id": 1}\n', "QEMU answered before its greeting"],
    ["something else than JSON", "HTTP/1.1 400 Bad Request\r\n", 'Invalid JSON: "HTTP/1.1 400 Bad Request\\r"'],
    ["an array", "[1]\n", 'Not a QMP message: "[1]"'],
    ["a second greeting", greeting + greeting, "QEMU sent a second greeting"],
    [
      "a refusal without an id",
      `${greeting}{"error": {"class": "GenericError", "desc": "busy"}}\n`,
      "QEMU answered a command that is not pending, id undefined: busy",
    ],
  ])("fails on %s", async (_what, bytes, cause) => {
    const { say, connecting, near } = setUp();
    say(bytes);
    const error = await caught(connecting);
    expect(error.code).toBe("unavailable");
    expect(causeChain(error)).toContain(cause);
    await settle();
    expect(near.isClosed).toBe(true);
  });

  test("fails when no greeting comes, when the connection ends, and when it is cancelled", async () => {
    const silent = setUp({ timeoutMs: 500 });
    silent.clock.advance(500);
    expect((await caught(silent.connecting)).code).toBe("deadline-exceeded");
    expect(silent.clock.pendingTimers).toBe(0);
    const gone = setUp();
    gone.far.end();
    expect((await caught(gone.connecting)).code).toBe("unavailable");
    const source = new CancelSource();
    const cancelled = setUp({ signal: source.signal });
    source.cancel();
    expect((await caught(cancelled.connecting)).code).toBe("cancelled");
  });
});

describe("a command", () => {
  test("gets its own answer among others, in any order, with events between", async () => {
    const { client, say, commands } = await connected();
    const calls = [client.execute("query-status"), client.execute("query-pci", { bus: 0 })];
    await settle();
    expect(commands.map(({ execute, arguments: args }) => [execute, args])).toEqual([
      ["query-status", undefined],
      ["query-pci", { bus: 0 }],
    ]);
    say(
      `{"return": [1], "id": ${commands[1]?.id}}\n{"event": "X", "data": {}}\n{"return": {"status": "running"}, "id": ${commands[0]?.id}}\n`,
    );
    expect(await Promise.all(calls)).toEqual([{ status: "running" }, [1]]);
  });

  test.each([
    ["DeviceNotFound", "not-found"],
    ["CommandNotFound", "unimplemented"],
    ["GenericError", "internal"],
    ["constructor", "internal"],
  ])("that QEMU refuses with %s rejects with %s", async (errorClass, code) => {
    const { client, say, commands } = await connected();
    const error = caught(client.execute("device_del", { id: "net0" }));
    await settle();
    say(`{"error": {"class": "${errorClass}", "desc": "Device 'net0' not found"}, "id": ${commands[0]?.id}}\n`);
    const { cause, ...rest } = await error;
    expect(rest.code).toBe(code);
    expect(cause).toBeInstanceOf(QmpError);
    expect((cause as QmpError).class).toBe(errorClass);
    expect(causeChain(await error)).toEqual(["QEMU refused the command device_del", "Device 'net0' not found"]);
  });

  test("that is given up leaves the connection usable, and its late answer is ignored", async () => {
    const { client, say, commands, clock } = await connected({ commandTimeoutMs: 1000 });
    const source = new CancelSource();
    const first = caught(client.execute("stop"));
    const second = caught(client.execute("cont", {}, { signal: source.signal }));
    await settle();
    source.cancel();
    clock.advance(1000);
    expect([(await first).code, (await second).code]).toEqual(["deadline-exceeded", "cancelled"]);
    for (const { id } of commands) say(`{"return": {}, "id": ${id}}\n`);
    const third = client.execute("query-name");
    await settle();
    say(`{"return": {"name": "vm"}, "id": ${commands[2]?.id}}\n`);
    expect(await third).toEqual({ name: "vm" });
    expect(clock.pendingTimers).toBe(0);
  });

  test("fails with the cause when the connection ends or breaks; so do later ones and waits for events", async () => {
    for (const [breakIt, cause] of [
      [(far: MemoryStream) => far.end(), "The QMP connection was closed"],
      [(far: MemoryStream) => far.write(utf8Encode("}{\n")), 'Invalid JSON: "}{"'],
      [
        (far: MemoryStream) => far.write(utf8Encode('{"return": 1, "id": 77}\n')),
        "QEMU answered a command that is not pending, id 77",
      ],
      [
        (far: MemoryStream) => far.write(utf8Encode('{"return": 1, "id": "1"}\n')),
        'QEMU answered a command that is not pending, id "1"',
      ],
    ] as const) {
      const { client, far, near } = await connected();
      const errors = [caught(client.execute("stop")), caught(client.waitForEvent(() => true))];
      await settle();
      breakIt(far);
      for (const error of await Promise.all(errors)) {
        expect(error.code).toBe("unavailable");
        expect(causeChain(error)).toContain(cause);
      }
      expect((await caught(client.execute("cont"))).code).toBe("unavailable");
      expect(causeChain(await client.closed)).toContain(cause);
      await settle();
      expect(near.isClosed).toBe(true);
    }
  });

  test("fails when a line of 10 MB comes, and no more than the limit is kept", async () => {
    const { client, far } = await connected();
    const error = caught(client.execute("stop"));
    for (let i = 0; i < 10; i++) far.write(new Uint8Array(1 << 20).fill(0x20));
    expect(causeChain(await error)).toContain("A line exceeds 4194304 bytes");
  });

  test("survives text that is cut inside a character, and keys that mean something to JavaScript", async () => {
    const { client, far, commands } = await connected({}, 1);
    const answer = client.execute("query-name");
    while (commands.length === 0) await settle();
    far.write(
      utf8Encode(`{"return": {"name": "Größe €😀", "__proto__": {"polluted": true}}, "id": ${commands[0]?.id}}\n`),
    );
    expect(await answer).toMatchObject({ name: "Größe €😀" });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("can pass descriptors when the stream can", async () => {
    const { client, near, say, commands } = await connected();
    expect((await caught(client.executeWithDescriptors("getfd", { fdname: "tap0" }, [5]))).code).toBe("unimplemented");
    const passed: unknown[] = [];
    Object.assign(near, {
      writeWithDescriptors: (chunk: Uint8Array, descriptors: readonly number[]) => {
        passed.push(descriptors);
        near.write(chunk);
      },
    });
    const done = client.executeWithDescriptors("getfd", { fdname: "tap0" }, [5]);
    await settle();
    expect([passed, commands[0]?.execute]).toEqual([[[5]], "getfd"]);
    say(`{"return": {}, "id": ${commands[0]?.id}}\n`);
    expect(await done).toEqual({});
  });
});

describe("events", () => {
  test("reach every listener until it leaves; one that throws harms nobody", async () => {
    const { client, say, records } = await connected();
    const first: QmpEvent[] = [];
    const second: string[] = [];
    const leave = client.onEvent((event) => first.push(event));
    client.onEvent(() => {
      throw new Error("listener");
    });
    client.onEvent(({ name }) => second.push(name));
    say(
      '{"event": "SHUTDOWN", "data": {"guest": true}, "timestamp": {"seconds": 1700000000, "microseconds": 500000}}\n',
    );
    await settle();
    leave();
    say('{"event": "STOP"}\n');
    await settle();
    expect(first).toEqual([{ name: "SHUTDOWN", data: { guest: true }, wallMs: 1700000000500 }]);
    expect(second).toEqual(["SHUTDOWN", "STOP"]);
    expect(records.filter((record) => record.level === "error")).toHaveLength(2);
  });

  test("can be waited for", async () => {
    const { client, say, clock } = await connected();
    const gone = client.waitForEvent(({ name, data }) => name === "DEVICE_DELETED" && data.device === "d1", {
      timeoutMs: 100,
    });
    const never = caught(client.waitForEvent(() => false, { timeoutMs: 100 }));
    say('{"event": "DEVICE_DELETED", "data": {"path": "/x"}}\n{"event": "DEVICE_DELETED", "data": {"device": "d1"}}\n');
    expect((await gone).data).toEqual({ device: "d1" });
    clock.advance(100);
    expect((await never).code).toBe("deadline-exceeded");
  });

  test("with odd parts are still delivered", async () => {
    const events: QmpEvent[] = [];
    const { say } = await connected({ onEvent: (event) => events.push(event) });
    say(
      '{"event": "A", "data": 5, "timestamp": "x"}\n{"event": "B", "timestamp": {"seconds": {}, "microseconds": null}}\n',
    );
    await settle();
    expect(events).toEqual([
      { name: "A", data: {}, wallMs: 0 },
      { name: "B", data: {}, wallMs: 0 },
    ]);
  });
});

test("QmpClient survives mutated input: every command ends, nothing is logged as a mistake", async () => {
  const corpus = [
    greeting,
    '{"return": {}, "id": 1}\r\n',
    '{"event": "STOP", "data": {"a": [1]}}\r\n',
    '{"error": {"class": "GenericError", "desc": "x"}, "id": 2}\n',
  ].map(utf8Encode);
  const tokens = ["\n", '"id": 2', "null", "{", "}", '"__proto__"', "é"].map(utf8Encode);
  const inputs: (readonly Uint8Array[])[] = [];
  fuzz({ corpus, tokens, runs: 800 }, (chunks) => inputs.push([utf8Encode(greeting), ...chunks]));
  for (const chunks of inputs) {
    const { far, connecting, records } = setUp();
    const outcome = connecting.then((client) => client.execute("query-status")).catch((error: unknown) => error);
    for (const chunk of chunks) far.write(chunk);
    await settle();
    far.end();
    const result = await outcome;
    if (result instanceof Error) expect(result).toBeInstanceOf(KataError);
    expect(records.filter((record) => record.level === "error")).toEqual([]);
  }
});

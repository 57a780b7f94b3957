import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import type { ByteStream } from "../../base/byte-stream.ts";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { sleep } from "../../base/clock.ts";
import { encodeFrame, frameTypes } from "../../wire/ttrpc/frame.ts";
import { SerialPort } from "./serial-port.ts";
import { SessionSplitter } from "./session-splitter.ts";

/** A port over a socket pair: the far end of a socket reads 0 when it is gone, as a port does while nobody is there. */
function setUp(context: TestContext, splitter?: SessionSplitter) {
  const { sys } = context;
  const [near, far] = sys.socketPair();
  const sessions: { stream: ByteStream; text: string; closed: boolean }[] = [];
  const port = new SerialPort(context, {
    fd: near,
    splitter,
    onSession: (stream) => {
      const session = { stream, text: "", closed: false };
      sessions.push(session);
      stream.start({
        data: (chunk) => {
          session.text += utf8Decode(chunk);
        },
        close: () => {
          session.closed = true;
        },
      });
    },
  });
  let farOpen = true;
  const hangUp = () => {
    if (farOpen) sys.close(far);
    farOpen = false;
  };
  context.cleanup(() => {
    port.close();
    hangUp();
  });
  return { far, hangUp, sessions };
}

test("agent serial port: a session begins when somebody is there, and ends when they go", async (context) => {
  const { sys, loop } = context;
  const { far, hangUp, sessions } = setUp(context);
  await sleep(loop, 5);
  expect(sessions.length).toBe(1);
  sys.write(far, utf8Encode("hello"));
  await sleep(loop, 5);
  expect(sessions[0]?.text).toBe("hello");
  sessions[0]?.stream.write(utf8Encode("answer"));
  const buffer = new Uint8Array(100);
  expect(utf8Decode(buffer.subarray(0, sys.read(far, buffer)))).toBe("answer");
  hangUp();
  await sleep(loop, 5);
  expect(sessions[0]?.closed).toBe(true);
  expect(sessions.length).toBe(1);
});

test("agent serial port: a paused session reads nothing, and all of it afterwards", async (context) => {
  const { sys, loop } = context;
  const { far, sessions } = setUp(context);
  await sleep(loop, 5);
  sessions[0]?.stream.pause();
  sys.write(far, utf8Encode("x".repeat(20_000)));
  await sleep(loop, 10);
  expect(sessions[0]?.text.length).toBe(0);
  sessions[0]?.stream.resume();
  await sleep(loop, 10);
  expect(sessions[0]?.text.length).toBe(20_000);
});

test("agent serial port: a big answer waits for its reader, in order", async (context) => {
  const { sys, loop } = context;
  const { far, sessions } = setUp(context);
  await sleep(loop, 5);
  const stream = sessions[0]?.stream;
  const bytes = 3_000_000;
  for (let i = 0; i < 3; i++) stream?.write(new Uint8Array(bytes / 3).fill(i));
  let drained = false;
  void stream?.drained().then(() => {
    drained = true;
  });
  const buffer = new Uint8Array(65536);
  let total = 0;
  let last = 0;
  while (total < bytes) {
    await sleep(loop, 0);
    const count = sys.read(far, buffer);
    if (count <= 0) continue;
    total += count;
    expect((buffer[count - 1] ?? 0) >= last).toBe(true);
    last = buffer[count - 1] ?? 0;
  }
  await sleep(loop, 5);
  expect([drained, stream?.pendingBytes]).toEqual([true, 0]);
});

test("agent serial port: a first request at a frame's end begins a new session", async (context) => {
  const { sys, loop } = context;
  const { far, sessions } = setUp(context, new SessionSplitter());
  await sleep(loop, 5);
  const request = (id: number) => encodeFrame(id, frameTypes.request, 0, utf8Encode(`<${id}>`));
  for (const id of [1, 3, 1, 3]) {
    sys.write(far, request(id));
    await sleep(loop, 5);
  }
  expect(sessions.map(({ text, closed }) => [text.match(/<\d>/g)?.join(""), closed])).toEqual([
    ["<1><3>", true],
    ["<1><3>", false],
  ]);
});

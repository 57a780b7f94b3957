import { expect, type TestContext, test } from "../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { sleep } from "../base/clock.ts";
import { WOULD_BLOCK } from "./port/files.ts";
import { FdStream } from "./stream.ts";

function half({ sys, loop, cleanup }: TestContext) {
  const [fd, peer] = sys.socketPair();
  const stream = new FdStream({ sys, loop }, { fd });
  stream.start({ data: () => {}, close: () => {} });
  cleanup(() => stream.close());
  cleanup(() => sys.close(peer));
  return { stream, peer };
}

/** Everything that comes until `bytes` are there, and what the files hold that came with it, message by message. */
async function receive({ sys, loop }: TestContext, peer: number, bytes: number) {
  const buffer = new Uint8Array(100_000);
  const passed: string[] = [];
  let text = "";
  for (let total = 0; total < bytes; ) {
    const { received, descriptors } = sys.receiveDescriptors(peer, buffer);
    if (received === WOULD_BLOCK) {
      await sleep(loop, 0);
      continue;
    }
    total += received;
    text += utf8Decode(buffer.subarray(0, received));
    if (descriptors.length > 0) passed.push(descriptors.map((fd) => sys.readText(`/proc/self/fd/${fd}`)).join(" "));
    for (const fd of descriptors) sys.close(fd);
  }
  return { text, passed };
}

function file({ sys, tempDir }: TestContext, text: string): number {
  const path = `${tempDir()}/${text}`;
  sys.writeFile(path, text);
  return sys.open(path);
}

test("FdStream passes descriptors with their chunk, in the order of writing", async (context) => {
  const { sys } = context;
  const { stream, peer } = half(context);
  const [one, two] = [file(context, "one"), file(context, "two")];
  stream.write(utf8Encode("plain"));
  stream.writeWithDescriptors(utf8Encode("first"), [one, two]);
  stream.write(utf8Encode("between"));
  stream.writeWithDescriptors(utf8Encode("second"), [two]);
  // The stream has copies of its own.
  for (const fd of [one, two]) sys.close(fd);
  expect(await receive(context, peer, 5 + 5 + 7 + 6)).toEqual({
    text: "plainfirstbetweensecond",
    passed: ["one two", "two"],
  });
});

test("FdStream passes descriptors behind bytes that the socket does not take yet", async (context) => {
  const { sys } = context;
  const { stream, peer } = half(context);
  const fd = file(context, "late");
  const chunk = new Uint8Array(1 << 20);
  stream.write(chunk);
  stream.writeWithDescriptors(utf8Encode("late"), [fd]);
  stream.write(chunk);
  sys.close(fd);
  expect(stream.pendingBytes).toBeGreaterThan(1 << 20);
  const { text, passed } = await receive(context, peer, 2 * chunk.length + 4);
  expect(passed).toEqual(["late"]);
  expect(text.indexOf("late")).toBe(chunk.length);
  expect(stream.pendingBytes).toBe(0);
});

test("FdStream refuses descriptors that are not open, and keeps none when it closes", async (context) => {
  const { sys } = context;
  const { stream } = half(context);
  const fd = file(context, "unsent");
  const before = sys.readDir("/proc/self/fd").length;
  expect(() => stream.writeWithDescriptors(utf8Encode("x"), [fd, 9999])).toThrow({ code: "EBADF" });
  expect(sys.readDir("/proc/self/fd").length).toBe(before);
  stream.writeWithDescriptors(utf8Encode("x"), [fd]);
  expect(sys.readDir("/proc/self/fd").length).toBe(before + 1);
  stream.close();
  // The stream's own descriptor is gone too.
  expect(sys.readDir("/proc/self/fd").length).toBe(before - 1);
  stream.writeWithDescriptors(utf8Encode("x"), [fd]);
  sys.close(fd);
});

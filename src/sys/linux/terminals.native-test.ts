import { shell } from "../../../test/native/process.ts";
import { expect, test } from "../../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { WOULD_BLOCK } from "../port/files.ts";

test("a pseudo terminal has a size, a raw mode and a slave", async (context) => {
  const { sys } = context;
  const { master, slavePath } = sys.openPty();
  expect(slavePath).toMatch(/^\/dev\/pts\/\d+$/);
  const slave = sys.open(slavePath, { read: true, write: true });
  expect(sys.isTerminal(slave)).toBe(true);
  sys.setWindowSize(master, 40, 132);
  expect(sys.windowSize(slave)).toEqual({ rows: 40, columns: 132 });
  expect(() => sys.setWindowSize(master, 70_000, 1)).toThrow({ code: "EINVAL" });
  const size = await shell(context, "stty size; stty -a | grep -o -- '-\\?icanon'", { fds: [slave, -1, -1] });
  expect(size.output).toBe("40 132\nicanon\n");
  const state = sys.makeRaw(slave);
  const raw = await shell(context, "stty -a | grep -o -- '-\\?icanon'", { fds: [slave, -1, -1] });
  expect(raw.output).toBe("-icanon\n");
  sys.write(master, utf8Encode("k"));
  const buffer = new Uint8Array(8);
  expect(sys.read(slave, buffer)).toBe(1);
  sys.restoreTerminal(slave, state);
  const restored = await shell(context, "stty -a | grep -o -- '-\\?icanon'", { fds: [slave, -1, -1] });
  expect(restored.output).toBe("icanon\n");
  expect(sys.read(master, buffer)).toBe(WOULD_BLOCK);
  sys.write(slave, utf8Encode("out"));
  expect(utf8Decode(buffer.subarray(0, sys.read(master, buffer)))).toBe("out");
  sys.close(slave);
  expect(() => sys.read(master, buffer)).toThrow({ code: "EIO" });
  sys.close(master);
});

test("what is no terminal says so", ({ sys }) => {
  const fd = sys.open("/dev/null", { read: true, write: true });
  expect(sys.isTerminal(fd)).toBe(false);
  expect(sys.isTerminal(9999)).toBe(false);
  expect(() => sys.windowSize(fd)).toThrow({ code: "ENOTTY" });
  expect(() => sys.makeRaw(fd)).toThrow({ code: "ENOTTY" });
  expect(() => sys.restoreTerminal(fd, new Uint8Array(3))).toThrow({ code: "EINVAL" });
  sys.close(fd);
});

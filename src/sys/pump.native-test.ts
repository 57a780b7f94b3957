import { expect, test } from "../../test/native/runner.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { sleep } from "../base/clock.ts";
import { sha256Hex } from "../base/sha256.ts";
import { WOULD_BLOCK } from "./port/files.ts";
import { pump } from "./pump.ts";

const gibibyte = 1024 ** 3;

test(
  "pump moves 1 GiB from a program to a program",
  async ({ sys, loop }) => {
    const [r1, w1] = sys.pipe();
    const [r2, w2] = sys.pipe();
    const argv = ["head", "-c", String(gibibyte), "/dev/zero"];
    const source = sys.spawn({ path: "/usr/bin/head", argv, env: [], fds: [-1, w1, 2] });
    const sink = sys.spawn({ path: "/bin/sh", argv: ["sh", "-c", "cat >/dev/null"], env: [], fds: [r2, -1, 2] });
    sys.close(w1);
    sys.close(r2);
    for (const fd of [r1, w2]) {
      sys.setNonBlocking(fd, true);
      sys.setPipeSize(fd, 1024 * 1024);
    }
    expect(await pump({ sys, loop }, r1, w2).done).toBe(gibibyte);
    sys.close(r1);
    sys.close(w2);
    expect(await loop.exited(source)).toEqual({ kind: "exited", code: 0 });
    expect(await loop.exited(sink)).toEqual({ kind: "exited", code: 0 });
  },
  { timeoutMs: 60_000 },
);

test("pump keeps content and order through pipes, sockets and files", async ({ sys, loop, tempDir }) => {
  const dir = tempDir();
  const content = sys.random(3_000_000);
  sys.writeFile(`${dir}/in`, content);
  const file = sys.open(`${dir}/in`);
  const [s1, s2] = sys.socketPair();
  const [t1, t2] = sys.socketPair();
  const [r, w] = sys.pipe({ nonBlocking: true });
  const out = sys.open(`${dir}/out`, { write: true, create: true });
  const copies = [
    pump({ sys, loop }, file, s1), // file to socket: copied
    pump({ sys, loop }, s2, t1), // socket to socket: copied
    pump({ sys, loop }, t2, w), // socket to pipe: spliced
    pump({ sys, loop }, r, out), // pipe to file: spliced
  ];
  const ends = [s1, t1, w, -1];
  for (const [i, copy] of copies.entries()) {
    expect(await copy.done).toBe(content.length);
    const end = ends[i] ?? -1;
    if (end >= 0) sys.close(end);
  }
  expect(sha256Hex(sys.readFile(`${dir}/out`))).toBe(sha256Hex(content));
  for (const fd of [file, s2, t2, r, out]) sys.close(fd);
});

test("pump waits for a sink that is full and uses no time meanwhile", async ({ sys, loop }) => {
  const [r1, w1] = sys.pipe({ nonBlocking: true });
  const [r2, w2] = sys.pipe({ nonBlocking: true });
  const copy = pump({ sys, loop }, r1, w2);
  const chunk = new Uint8Array(16384).fill(9);
  let sent = 0;
  for (let i = 0; i < 40; i++) {
    const count = sys.write(w1, chunk);
    if (count === WOULD_BLOCK) await sleep(loop, 1);
    else sent += count;
  }
  const cpu = () => Number(sys.readText("/proc/self/stat").split(" ")[13]);
  const before = cpu();
  await sleep(loop, 100);
  expect(cpu() - before).toBeLessThan(5);
  expect(copy.bytes).toBe(65536);
  sys.close(w1);
  let received = 0;
  let over = false;
  void copy.done.then(() => {
    over = true;
    sys.close(w2);
  });
  const buffer = new Uint8Array(5000);
  for (;;) {
    const count = sys.read(r2, buffer);
    if (count === 0) break;
    if (count === WOULD_BLOCK) await sleep(loop, 0);
    else received += count;
  }
  expect(over).toBe(true);
  expect(received).toBe(sent);
  sys.close(r1);
  sys.close(r2);
});

test("pump waits for the first writer of a FIFO and ends after the last", async ({ sys, loop, tempDir }) => {
  const path = `${tempDir()}/fifo`;
  sys.mkfifo(path, 0o600);
  const source = sys.open(path, { nonBlocking: true });
  const [r, w] = sys.pipe({ nonBlocking: true });
  const copy = pump({ sys, loop }, source, w);
  let over = false;
  void copy.done.then(() => {
    over = true;
  });
  await sleep(loop, 20);
  expect(over).toBe(false);
  const writer = sys.open(path, { write: true, nonBlocking: true });
  sys.write(writer, utf8Encode("late"));
  await sleep(loop, 5);
  expect(over).toBe(false);
  sys.close(writer);
  expect(await copy.done).toBe(4);
  const buffer = new Uint8Array(8);
  expect(utf8Decode(buffer.subarray(0, sys.read(r, buffer)))).toBe("late");
  for (const fd of [source, r, w]) sys.close(fd);
});

test("pump fails when its sink is gone, stops when told, finishes what is there", async ({ sys, loop }) => {
  const [r1, w1] = sys.pipe({ nonBlocking: true });
  const [r2, w2] = sys.pipe({ nonBlocking: true });
  const broken = pump({ sys, loop }, r1, w2);
  sys.close(r2);
  sys.write(w1, utf8Encode("x"));
  await expect(broken.done).rejects.toThrow({ code: "EPIPE" });
  const [r3, w3] = sys.pipe({ nonBlocking: true });
  const stopped = pump({ sys, loop }, r1, w3);
  stopped.stop();
  stopped.stop();
  expect(await stopped.done).toBe(0);
  const finished = pump({ sys, loop }, r1, w3);
  sys.write(w1, utf8Encode("yz"));
  finished.finish();
  expect(await finished.done).toBeGreaterThanOrEqual(2);
  const nothing = pump({ sys, loop }, r1, w3);
  nothing.finish();
  expect(await nothing.done).toBe(0);
  for (const fd of [r1, w1, w2, r3, w3]) sys.close(fd);
});

test("pump takes a terminal's hang-up as its end", async ({ sys, loop }) => {
  const { master, slavePath } = sys.openPty();
  const [r, w] = sys.pipe({ nonBlocking: true });
  const slave = sys.open(slavePath, { read: true, write: true });
  const copy = pump({ sys, loop }, master, w);
  sys.write(slave, utf8Encode("tty"));
  await sleep(loop, 5);
  sys.close(slave);
  expect(await copy.done).toBe(3);
  for (const fd of [master, r, w]) sys.close(fd);
});

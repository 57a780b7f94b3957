import * as native from "kata:native";
import type { Random } from "./random.ts";

/** What an argument of a call is meant to be. */
export type Shape =
  | "fd"
  | "bytes"
  | "ints"
  | "words"
  | "chunks"
  | "strings"
  | "numbers"
  | "path"
  | "newPath"
  | "text"
  | "size"
  | "flag"
  | "zero"
  | "limit"
  | "request"
  | "boolean";

// Numbers that name no descriptor and no process of anybody.
const oddNumbers = [-1, 4095, 1e9, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), 0.5];
const notNumbers = [Number.NaN, Number.POSITIVE_INFINITY, -0.1, 1e300];
const names = [
  "a",
  "b",
  "c",
  "dir",
  "dir/x",
  "link",
  "a/b",
  "./a",
  "dir/../a",
  "nothing/here",
  "a\0b",
  "",
  "\ud800",
  "é",
];

/** A value of any type, right or wrong, never one that could reach beyond the fuzzer's own process. */
function wild(random: Random): unknown {
  return random.pick<() => unknown>([
    () => undefined,
    () => null,
    () => true,
    () => random.pick(oddNumbers),
    () => random.pick(notNumbers),
    () => 9999n,
    () => 2n ** 70n,
    () => "nothing",
    () => Symbol("s"),
    () => ({}),
    () => [],
    () => () => 9999,
    () => ({ valueOf: () => 9999, toString: () => "nothing" }),
    () => new ArrayBuffer(16),
    () => new DataView(new ArrayBuffer(16)),
    () => new Float64Array(4),
    () => bytesOf(random),
    () => new Proxy([1, 2], {}),
    () => Object.freeze([4000, 4001]),
    () => new Error("an argument"),
  ])();
}

// Bytes around each view, which no call may touch.
const margin = 16;
const guard = 0xa5;

/** A view in the middle of a larger buffer; sometimes detached, shared or empty. */
export function bytesOf(random: Random): Uint8Array {
  const length = random.pick([0, 1, 7, 64, 100, 4096, 70_000]);
  const kind = random.below(20);
  if (kind === 0) return new Uint8Array(new SharedArrayBuffer(length)) as Uint8Array;
  const buffer = new ArrayBuffer(length + 2 * margin);
  new Uint8Array(buffer).fill(guard);
  const view = new Uint8Array(buffer, margin, length);
  for (let i = 0; i < Math.min(length, 256); i++) view[i] = random.below(256);
  if (kind === 1) native.detach?.(buffer);
  return view;
}

/** Whether the bytes around a view of bytesOf are as they were. */
export function marginIntact(value: unknown): boolean {
  if (!(value instanceof Uint8Array) || !(value.buffer instanceof ArrayBuffer)) return true;
  if (value.byteOffset !== margin || value.buffer.byteLength !== value.length + 2 * margin) return true;
  const whole = new Uint8Array(value.buffer);
  for (let i = 0; i < margin; i++) if (whole[i] !== guard || whole[whole.length - 1 - i] !== guard) return false;
  return true;
}

/** An array that runs code while it is read: the code detaches a buffer that may be an argument too. */
function nasty(random: Random, items: unknown[], victims: Uint8Array[]): unknown[] {
  if (items.length === 0 || !random.chance(10)) return items;
  const value = items[0];
  Object.defineProperty(items, random.below(items.length), {
    get() {
      for (const victim of victims) if (victim.buffer instanceof ArrayBuffer) native.detach?.(victim.buffer);
      if (random.chance(30)) throw new Error("from a getter");
      return value;
    },
  });
  return items;
}

function list(random: Random, make: () => unknown): unknown[] {
  return Array.from({ length: random.pick([0, 1, 2, 5, 64, 65, 300]) }, () =>
    random.chance(3) ? wild(random) : make(),
  );
}

/** Makes the arguments of one call. `fds` are descriptors that the fuzzer may do anything with. */
export function makeArguments(random: Random, shapes: readonly Shape[], fds: readonly number[]): unknown[] {
  const victims: Uint8Array[] = [];
  const make = (shape: Shape): unknown => {
    switch (shape) {
      case "fd":
        return random.chance(90) ? random.pick(fds) : random.pick(oddNumbers);
      case "bytes": {
        const bytes = bytesOf(random);
        victims.push(bytes);
        return bytes;
      }
      case "words":
        return random.chance(80) ? new Int32Array(random.pick([0, 1, 2, 3, 200, 1000])) : bytesOf(random);
      case "chunks":
        return nasty(
          random,
          list(random, () => make("bytes")),
          victims,
        );
      case "ints":
        return nasty(
          random,
          list(random, () => make("fd")),
          victims,
        );
      case "numbers":
        return nasty(
          random,
          list(random, () => random.below(70) - 2),
          victims,
        );
      case "strings":
        return nasty(
          random,
          list(random, () => make("text")),
          victims,
        );
      case "path":
        return random.chance(95) ? random.pick(names) : "n".repeat(random.pick([255, 256, 4095, 4096, 70_000]));
      case "newPath":
        return `fifo${random.below(50)}`;
      case "text":
        return random.pick(["", "x", "a\0b", "é€😀", "\udfff", "y".repeat(300), "z".repeat(5000)]);
      case "size":
        return random.chance(70) ? random.below(200) : random.pick(oddNumbers);
      case "flag":
        return random.below(1024);
      case "zero":
        return 0;
      case "limit":
        return random.pick([0n, 1n, -1n, 2n ** 64n - 1n, 5, -1]);
      case "boolean":
        return random.chance(50);
      case "request":
        return request(random, make);
    }
  };
  // Some arguments are missing, some are of any type: but never where a blocking or reaching value could come from it.
  const count = random.chance(5) ? random.below(shapes.length + 1) : shapes.length;
  return shapes.slice(0, count).map((shape) => (shape !== "zero" && random.chance(8) ? wild(random) : make(shape)));
}

function request(random: Random, make: (shape: Shape) => unknown): unknown {
  const fields: Record<string, () => unknown> = {
    path: () => random.pick(["/bin/true", "/bin/true", "/nothing", "", "a\0b", "/bin"]),
    argv: () => (random.chance(80) ? ["true"] : make("strings")),
    env: () => (random.chance(80) ? [] : make("strings")),
    fds: () => (random.chance(60) ? [-1, -1, -1] : make("ints")),
    cwd: () => make("path"),
    netns: () => make("path"),
    cgroupProcs: () => make("strings"),
    groups: () => make("numbers"),
    rlimits: () => list(random, () => make("limit")),
    newSession: () => random.below(2),
    controllingTerminal: () => random.below(2),
    deathSignal: () => random.below(70),
    newMountNamespace: () => random.below(2),
    uid: () => 65534,
    gid: () => 65534,
    umask: () => random.below(0o1000),
    oomScoreAdj: () => random.below(1200),
  };
  const made: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const needed = name === "path" || name === "argv" || name === "env" || name === "fds";
    if (needed || random.chance(10)) made[name] = random.chance(4) ? wild(random) : field();
  }
  return made;
}

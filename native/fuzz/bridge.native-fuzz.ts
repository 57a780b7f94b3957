import * as native from "kata:native";
import { runToEnd } from "../../test/native/process.ts";
import { expect, type TestContext, test } from "../../test/native/runner.ts";
import { makeArguments, marginIntact, type Shape } from "./arguments.ts";
import { Random } from "./random.ts";
import { referenceDecode, referenceEncode } from "./utf8.ts";

// Every call that takes a buffer, an array or a string, with what its arguments should be. Calls that would stop the
// fuzzer (exit, reboot, setRlimit), wait (sync) or reach other processes (kill) are not here; they take numbers only.
const calls: Readonly<Record<string, readonly Shape[]>> = {
  open: ["path", "flag", "flag"],
  openBeneath: ["fd", "path", "flag", "flag"],
  read: ["fd", "bytes", "size", "size"],
  write: ["fd", "bytes", "size", "size"],
  writeMany: ["fd", "chunks", "size"],
  pread: ["fd", "bytes", "size"],
  pwrite: ["fd", "bytes", "size"],
  splice: ["fd", "fd", "size"],
  readable: ["fd"],
  readFile: ["path", "size"],
  stat: ["path"],
  lstat: ["path"],
  fstat: ["fd"],
  statFs: ["path"],
  truncate: ["fd", "size"],
  fchmod: ["fd", "flag"],
  lock: ["fd", "size", "zero"],
  readDir: ["path"],
  readDirAt: ["fd"],
  mkdir: ["path", "flag"],
  rmdir: ["path"],
  unlink: ["path"],
  removeTree: ["path"],
  rename: ["path", "path"],
  symlink: ["text", "path"],
  link: ["path", "path"],
  readLink: ["path"],
  realPath: ["path"],
  chmod: ["path", "flag"],
  chown: ["path", "size", "size"],
  mkfifo: ["newPath", "flag"],
  mknod: ["newPath", "size", "flag", "size", "size"],
  mkdirAt: ["fd", "path", "flag"],
  unlinkAt: ["fd", "path", "size"],
  renameAt: ["fd", "path", "fd", "path"],
  symlinkAt: ["text", "fd", "path"],
  mount: ["path", "path", "text", "flag", "text"],
  unmount: ["path", "size", "size"],
  chroot: ["path"],
  enterNamespace: ["fd", "size"],
  spawn: ["request"],
  listen: ["size", "path", "size", "size", "size", "flag"],
  connect: ["size", "path", "size", "size"],
  connectError: ["fd"],
  accept: ["fd"],
  setPipeSize: ["fd", "size"],
  duplicate: ["fd"],
  sendDescriptors: ["fd", "bytes", "ints"],
  receiveDescriptors: ["fd", "bytes"],
  shutdown: ["fd", "size"],
  peer: ["fd"],
  netlink: ["size", "size"],
  openTap: ["text", "size"],
  windowSize: ["fd"],
  setWindowSize: ["fd", "size", "size"],
  makeRaw: ["fd"],
  restoreTerminal: ["fd", "bytes"],
  random: ["bytes"],
  addEntropy: ["bytes"],
  setHostname: ["text"],
  loadModule: ["fd", "text"],
  inotifyAdd: ["fd", "path", "size"],
  errorName: ["size"],
  errorText: ["size"],
  pollAdd: ["fd", "fd", "size", "size"],
  pollModify: ["fd", "fd", "size", "size"],
  pollRemove: ["fd", "fd"],
  pollWait: ["fd", "words", "zero"],
  signalFd: ["numbers"],
  releaseSignals: ["numbers"],
  readSignal: ["fd"],
  utf8Encode: ["text"],
  utf8Decode: ["bytes", "boolean"],
  sha256Add: ["bytes", "bytes"],
  sha256Finish: ["bytes"],
  lineMap: ["text"],
};

/** Descriptors of every kind, all non-blocking, above those of the program itself. */
function descriptors({ sys }: TestContext, round: number): number[] {
  const { master, slavePath } = sys.openPty();
  const file = sys.open(`file${round}`, { write: true, read: true, create: true });
  const fresh = [
    ...sys.pipe({ nonBlocking: true }),
    ...sys.socketPair(),
    ...sys.socketPair(),
    file,
    sys.open(".", { directory: true }),
    sys.open("/dev/null", { read: true, write: true }),
    sys.open(slavePath, { read: true, write: true, nonBlocking: true }),
    master,
    sys.inotify(),
    sys.pollCreate(),
    sys.listen({ kind: "unix", path: `socket${round}` }),
  ];
  return fresh.map((fd) => {
    const high = native.duplicate(fd);
    native.close(fd);
    return high;
  });
}

/** Closes what calls have opened, so that there is always room. */
function sweep({ sys }: TestContext, keep: ReadonlySet<string>): void {
  for (const { name } of sys.readDir("/proc/self/fd")) if (!keep.has(name)) native.close(Number(name));
  while (typeof native.reap() !== "number");
}

test("helper: the fuzzer's process", (context) => {
  const { sys } = context;
  const seed = Number(sys.env("FUZZ_SEED") ?? 0);
  if (seed === 0) return;
  const trace = sys.env("FUZZ_TRACE") !== undefined;
  const random = new Random(seed);
  // Calls may take the directory's permissions away, and then its name "." leads nowhere.
  const here = sys.open(".", { directory: true });
  const own = new Set(sys.readDir("/proc/self/fd").map(({ name }) => name));
  const until = sys.nowMs() + Number(sys.env("FUZZ_MS") ?? 1000);
  const names = Object.keys(calls);
  let made = 0;
  let fds: number[] = [];
  while (sys.nowMs() < until) {
    if (made % 500 === 0) {
      sweep(context, own);
      sys.fchmod(here, 0o700);
      for (const { name } of sys.readDir(".")) native.removeTree(name);
      fds = descriptors(context, made);
    }
    made++;
    const name = random.pick(names);
    const args = makeArguments(random, calls[name] ?? [], fds);
    if (trace) sys.write(2, native.utf8Encode(`${made} ${name}\n`));
    try {
      (native as unknown as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args);
    } catch (error) {
      // Wrong types are TypeErrors or RangeErrors of the bridge; other errors come from the arguments' own getters.
      if (!(error instanceof Error)) throw new Error(`call ${made}, ${name}, threw no error`);
    }
    if (!args.every(marginIntact)) throw new Error(`call ${made}, ${name}, wrote outside of its buffer`);
  }
  sweep(context, own);
  sys.write(1, native.utf8Encode(`calls=${made}`));
  sys.exit(made > 1000 ? 0 : 1);
});

test(
  "the bridge withstands random arguments",
  async (context) => {
    const { sys } = context;
    const seed = Number(sys.env("FUZZ_SEED") ?? Math.floor(sys.wallMs()) % 1_000_000_007);
    const dir = context.tempDir();
    sys.chmod(dir, 0o700);
    const root = sys.uid() === 0;
    if (root) sys.chown(dir, 65534, 65534);
    const ran = await runToEnd(context, {
      // Not by its path, which its user may not be allowed to walk.
      path: "/proc/self/exe",
      argv: [sys.argv()[0] ?? "native-tests", "helper: the fuzzer's process"],
      env: [
        ...(sys.env("FUZZ_TRACE") === undefined ? [] : ["FUZZ_TRACE=1"]),
        `FUZZ_SEED=${seed}`,
        `FUZZ_MS=${sys.env("FUZZ_MS") ?? (context.sanitized ? 8000 : 1000)}`,
        "ASAN_OPTIONS=detect_leaks=1",
      ],
      cwd: dir,
      newSession: true,
      ...(root ? { uid: 65534, gid: 65534, groups: [] } : {}),
    });
    const made = /calls=(\d+)/.exec(ran.output);
    if (ran.status.kind !== "exited" || ran.status.code !== 0 || made === null) {
      throw new Error(`FUZZ_SEED=${seed}: ${JSON.stringify(ran.status)}\n${ran.output.slice(-6000)}`);
    }
  },
  { timeoutMs: 600_000 },
);

test("UTF-8 of random bytes and texts agrees with a plain implementation", ({ sys }) => {
  const seed = Math.floor(sys.wallMs()) % 1_000_000_007;
  const random = new Random(seed);
  const lead = [0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff];
  const units = [0x41, 0xe9, 0x20ac, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff, 0];
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from({ length: random.below(24) }, () =>
      random.chance(60) ? random.pick(lead) : 0x80 + random.below(64),
    );
    const text = String.fromCharCode(...Array.from({ length: random.below(16) }, () => random.pick(units)));
    if (native.utf8Decode(bytes) !== referenceDecode(bytes)) throw new Error(`seed ${seed}: [${bytes.join(",")}]`);
    expect(native.utf8Encode(text)).toEqual(referenceEncode(text));
  }
});

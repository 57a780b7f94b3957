import { WOULD_BLOCK } from "../port/files.ts";
import type { PollPort } from "../port/poll.ts";
import type { SystemPort } from "../port/system.ts";
import type { TerminalsPort } from "../port/terminals.ts";
import type { Descriptors } from "./descriptors.ts";
import { fakeError } from "./errors.ts";

/** The clock side of a fake. */
interface FakeClock {
  nowMs(): number;
  wallMs(): number;
  setWallMs(wallMs: number): void;
}

/** SystemPort, TerminalsPort and PollPort of a fake. Random bytes are a fixed sequence, so that tests repeat. */
export function fakeSystem(clock: FakeClock, descriptors: Descriptors): SystemPort & TerminalsPort & PollPort {
  let random = 1;
  let hostname = "fake";
  const refuse = (syscall: string) => (): never => {
    throw fakeError(syscall, "ENOSYS");
  };
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    setWallClock: (seconds, nanoseconds) => clock.setWallMs(Number(seconds) * 1000 + nanoseconds / 1e6),
    random(bytes) {
      // A linear congruential generator, whose high bits are good enough for ids.
      return Uint8Array.from({ length: bytes }, () => {
        random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
        return random >>> 24;
      });
    },
    addEntropy() {},
    uname: () => ({
      sysname: "Linux",
      nodename: hostname,
      release: "6.1.0-fake",
      version: "#1 SMP",
      machine: "x86_64",
    }),
    setHostname(name) {
      hostname = name;
    },
    loadModule() {},
    reboot() {},
    sync() {},
    inotify: () => descriptors.add({ kind: "other", what: "inotify" }),
    inotifyAdd: () => 1,
    cpuCount: () => 2,
    pageSize: () => 4096,
    probeKvm: () => 12,
    isTerminal: () => false,
    windowSize: refuse("ioctl TIOCGWINSZ"),
    setWindowSize: refuse("ioctl TIOCSWINSZ"),
    makeRaw: refuse("tcsetattr"),
    restoreTerminal: refuse("tcsetattr"),
    openPty: refuse("openpty"),
    // Readiness goes through FakeLoop, which asks the fake itself.
    pollCreate: refuse("epoll_create"),
    pollAdd: refuse("epoll_ctl"),
    pollModify: refuse("epoll_ctl"),
    pollRemove: refuse("epoll_ctl"),
    pollWait: () => WOULD_BLOCK,
    signalFd: refuse("signalfd"),
    releaseSignals() {},
    readSignal: () => undefined,
  };
}

import { utf8Encode } from "../base/bytes.ts";
import { Descriptors } from "./fake/descriptors.ts";
import { fakeError } from "./fake/errors.ts";
import { fakeFiles } from "./fake/files.ts";
import { FakeProcesses, fakeProcesses } from "./fake/processes.ts";
import { fakeSockets } from "./fake/sockets.ts";
import { fakeSystem } from "./fake/system.ts";
import { FakeTree } from "./fake/tree.ts";
import type { Ready } from "./loop.ts";
import type { MountRequest, MountsPort } from "./port/mounts.ts";
import type { SpawnOptions } from "./port/processes.ts";
import type { Sys } from "./sys.ts";

/** One call that a fake has received. */
export interface FakeCall {
  readonly name: keyof Sys;
  readonly args: readonly unknown[];
}

/** A failure to be thrown instead of making the call. */
export interface InjectedFailure {
  /** An errno name, such as `ENOSPC`. */
  readonly code: string;
  /** How many times; for ever when absent. */
  readonly times?: number;
  /** Only for calls with fitting arguments. */
  readonly when?: (...args: readonly unknown[]) => boolean;
}

/** What a test sees and steers. */
export class FakeControls {
  /** All calls in order, but for clock readings and readiness. */
  readonly calls: FakeCall[] = [];
  /** Mounts in order; unmounting takes the last one of its target away. */
  readonly mounts: MountRequest[] = [];
  readonly processes = new FakeProcesses();
  /** The file system. */
  readonly tree: FakeTree;
  private readonly descriptors: Descriptors;
  private readonly failures: { name: keyof Sys; failure: InjectedFailure; left: number }[] = [];
  private now: number;
  private wall: number;

  constructor(descriptors: Descriptors, start: { nowMs: number; wallMs: number }) {
    this.tree = new FakeTree(() => this.wall);
    this.descriptors = descriptors;
    this.now = start.nowMs;
    this.wall = start.wallMs;
  }

  /** Makes a call fail, from now on or for a number of times. Returns the undo. */
  fail(name: keyof Sys, failure: InjectedFailure | string): () => void {
    const entry = typeof failure === "string" ? { code: failure } : failure;
    const injected = { name, failure: entry, left: entry.times ?? Number.POSITIVE_INFINITY };
    this.failures.push(injected);
    return () => {
      injected.left = 0;
    };
  }

  /** Calls of one name, as their argument lists. */
  callsOf(name: keyof Sys): (readonly unknown[])[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.args);
  }

  /** Programs that were spawned, in order. */
  get spawned(): SpawnOptions[] {
    return this.callsOf("spawn").map((args) => args[0] as SpawnOptions);
  }

  /** Descriptors that are open: empty at the end of a test that cleans up. */
  get openDescriptors(): number[] {
    return this.descriptors.numbers;
  }

  /** Creates a file with its parents, unrecorded: the test's own preparation. */
  addFile(path: string, content: string | Uint8Array = "", mode = 0o644): void {
    const at = path.lastIndexOf("/");
    this.addDirectory(path.slice(0, at) || "/");
    const node = this.tree.make("file", mode);
    node.content = typeof content === "string" ? utf8Encode(content) : content.slice();
    this.tree.locate("open", path, true).parent.entries.set(path.slice(at + 1), node);
  }

  /** Creates a directory with its parents, unrecorded. */
  addDirectory(path: string): void {
    let node = this.tree.root;
    for (const part of path.split("/").filter((part) => part !== "")) {
      let next = node.entries.get(part);
      if (next?.kind === "symlink") next = this.tree.get("stat", next.target);
      if (next === undefined) {
        next = this.tree.make("directory", 0o755);
        node.entries.set(part, next);
      }
      node = next;
    }
  }

  readiness(fd: number): Ready {
    return this.descriptors.readiness(fd);
  }

  /** Bytes that wait at a descriptor, in and out; it changes with every edge. */
  waiting(fd: number): readonly [number, number] {
    if (!this.descriptors.numbers.includes(fd)) return [0, 0];
    const file = this.descriptors.get("poll", fd);
    if (file.kind === "listener") return [file.waiting.length, 0];
    return file.kind === "stream" ? [file.input?.length ?? 0, file.output?.length ?? 0] : [0, 0];
  }

  nowMs(): number {
    return this.now;
  }

  wallMs(): number {
    return this.wall;
  }

  /** Sets the monotonic clock; the wall clock moves along. FakeLoop.advance fires timers too. */
  setNowMs(nowMs: number): void {
    this.wall += nowMs - this.now;
    this.now = nowMs;
  }

  setWallMs(wallMs: number): void {
    this.wall = wallMs;
  }

  /** Records a call and throws the failure that is injected for it. */
  received(name: keyof Sys, args: readonly unknown[]): void {
    this.calls.push({ name, args });
    for (const injected of this.failures) {
      if (injected.name !== name || injected.left <= 0 || injected.failure.when?.(...args) === false) continue;
      injected.left--;
      throw fakeError(name, injected.failure.code, typeof args[0] === "string" ? args[0] : undefined);
    }
  }
}

/** A Sys in memory. `fake` is the test's side of it. */
export interface FakeSys extends Sys {
  readonly fake: FakeControls;
}

const unrecorded: ReadonlySet<string> = new Set(["nowMs", "wallMs", "pid", "argv"]);

/**
 * Linux in memory, as far as unit tests need it: files, links, FIFOs, pipes, sockets between its own descriptors,
 * processes that a test ends, mounts that are only recorded. Everything that it cannot do throws ENOSYS.
 */
export function createFakeSys(options: { nowMs?: number; wallMs?: number } = {}): FakeSys {
  const start = { nowMs: options.nowMs ?? 1000, wallMs: options.wallMs ?? Date.UTC(2026, 0, 1) };
  const descriptors = new Descriptors();
  const controls = new FakeControls(descriptors, start);
  const { tree } = controls;
  for (const path of ["/tmp", "/run", "/proc", "/dev"]) controls.addDirectory(path);
  const whole: Sys = {
    ...fakeFiles(tree, descriptors, () => controls.wallMs()),
    ...fakeSockets(tree, descriptors),
    ...fakeProcesses(controls.processes),
    ...fakeMounts(tree, controls),
    ...fakeSystem(controls, descriptors),
  };
  const recording: Record<string, unknown> = { fake: controls };
  for (const [name, call] of Object.entries(whole) as [keyof Sys, (...args: unknown[]) => unknown][]) {
    recording[name] = unrecorded.has(name)
      ? call
      : (...args: unknown[]) => {
          controls.received(name, args);
          return call(...args);
        };
  }
  return recording as unknown as FakeSys;
}

function fakeMounts(tree: FakeTree, controls: FakeControls): MountsPort {
  return {
    mount(request) {
      tree.get("mount", request.target);
      controls.mounts.push(request);
    },
    unmount(target) {
      const at = controls.mounts.map((mount) => mount.target).lastIndexOf(target);
      if (at < 0) throw fakeError("umount", tree.locate("umount", target, false).node ? "EINVAL" : "ENOENT", target);
      controls.mounts.splice(at, 1);
    },
    chroot() {},
    chdir(path) {
      tree.cwd = tree.locate("chdir", path, true).path;
    },
    cwd: () => tree.cwd,
    enterNamespace() {},
    unshare() {},
  };
}

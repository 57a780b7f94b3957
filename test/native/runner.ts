import { withTimeout } from "../../src/base/deadline.ts";
import { faultText } from "../../src/sys/linux/symbolize.ts";
import type { Loop } from "../../src/sys/loop.ts";
import { runProgram } from "../../src/sys/start.ts";
import type { Sys } from "../../src/sys/sys.ts";
import { writeFully } from "../../src/sys/write-fully.ts";

export { expect } from "./expect.ts";

/** What a test is given. */
export interface TestContext {
  readonly sys: Sys;
  readonly loop: Loop;
  /** The program runs under sanitizers, several times slower: speeds cannot be judged. */
  readonly sanitized: boolean;
  /** A fresh directory that is removed after the test. */
  tempDir(): string;
  /** Runs after the test, in reverse order, whatever its outcome. */
  cleanup(undo: () => void): void;
  /** Errors that reached the loop's guard since the last call; a test that leaves some behind fails. */
  takeFaults(): unknown[];
}

export interface TestOptions {
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** A reason not to run it here, such as a missing device; it is printed. False runs the test. */
  readonly skip?: string | false;
  /** Skipped, with a note, for other users than root. */
  readonly needsRoot?: boolean;
}

interface Registered {
  readonly name: string;
  readonly body: (context: TestContext) => void | Promise<void>;
  readonly options: TestOptions;
}

const registered: Registered[] = [];

/** Registers a test. They run one after the other, each in a fresh context, with descriptors counted before and after. */
export function test(name: string, body: Registered["body"], options: TestOptions = {}): void {
  registered.push({ name, body, options });
}

/**
 * Runs what was registered and exits with 0 or 1. Arguments: `-v` names each test, `--list` only lists them, anything
 * else selects the tests whose name contains it.
 */
export function runTests(): void {
  const faults: unknown[] = [];
  runProgram(({ sys, loop }) => new Run(sys, loop, faults).all(), { onFault: (error) => void faults.push(error) });
}

class Run {
  private readonly sys: Sys;
  private readonly loop: Loop;
  private readonly faults: unknown[];
  private failures = 0;
  private skipped = 0;
  private passed = 0;

  constructor(sys: Sys, loop: Loop, faults: unknown[]) {
    this.sys = sys;
    this.loop = loop;
    this.faults = faults;
  }

  async all(): Promise<number> {
    const args = this.sys.argv().slice(1);
    const verbose = args.includes("-v");
    const filters = args.filter((arg) => !arg.startsWith("-"));
    const chosen = registered.filter(({ name }) => filters.length === 0 || filters.some((part) => name.includes(part)));
    if (args.includes("--list")) {
      for (const { name } of chosen) this.print(`${name}\n`);
      return 0;
    }
    const start = this.sys.nowMs();
    for (const item of chosen) {
      const skip = item.options.skip || (item.options.needsRoot && this.sys.uid() !== 0 ? "it needs root" : false);
      if (skip) {
        this.skipped++;
        this.print(`skip ${item.name}: ${skip}\n`);
        continue;
      }
      const before = this.sys.nowMs();
      const error = await this.one(item);
      if (error !== undefined) {
        this.failures++;
        this.print(`FAIL ${item.name}: ${faultText(error)}\n`);
      } else {
        this.passed++;
        if (verbose) this.print(`ok   ${item.name} (${Math.round(this.sys.nowMs() - before)} ms)\n`);
      }
    }
    const seconds = ((this.sys.nowMs() - start) / 1000).toFixed(1);
    const skips = this.skipped > 0 ? `${this.skipped} skipped, ` : "";
    if (chosen.length === 0) this.print("no native test has such a name\n");
    // The test driver reads the end of this line.
    this.print(`native tests, ${seconds} s: ${skips}${this.passed} passed, ${this.failures} failed\n`);
    return this.failures > 0 || chosen.length === 0 ? 1 : 0;
  }

  /** Runs one test; returns what went wrong. */
  private async one(item: Registered): Promise<unknown> {
    const undo: (() => void)[] = [];
    const before = this.descriptors();
    const directory = this.sys.cwd();
    const context = this.context(undo);
    let failure: unknown;
    try {
      const work = Promise.resolve(context).then(item.body);
      await withTimeout(this.loop, item.options.timeoutMs ?? 60_000, item.name, work);
    } catch (error) {
      failure = error ?? new Error("the test threw nothing");
    }
    for (const step of undo.reverse()) {
      try {
        step();
      } catch (error) {
        failure ??= error;
      }
    }
    // Entering a mount namespace moves the process to its root (setns(2)), and the next tests know relative paths.
    if (this.sys.cwd() !== directory) this.sys.chdir(directory);
    for (const fault of context.takeFaults()) failure ??= fault;
    const leaked = this.descriptors().filter((fd) => !before.includes(fd));
    if (leaked.length > 0) failure ??= new Error(`the test leaked descriptors: ${leaked.join(", ")}`);
    return failure;
  }

  private context(undo: (() => void)[]): TestContext {
    const { sys, loop, faults } = this;
    return {
      sys,
      loop,
      sanitized: sys.argv()[0]?.endsWith("-sanitize") ?? false,
      tempDir() {
        const path = `/tmp/native-test-${sys.pid()}-${Math.floor(sys.nowMs() * 1000).toString(36)}`;
        sys.mkdir(path, 0o700);
        undo.push(() => sys.removeTree(path));
        return path;
      },
      cleanup: (step) => void undo.push(step),
      takeFaults: () => faults.splice(0),
    };
  }

  /** Open descriptors with what they are, without the one that lists them. */
  private descriptors(): string[] {
    const open: string[] = [];
    for (const { name } of this.sys.readDir("/proc/self/fd")) {
      try {
        open.push(`${name} (${this.sys.readLink(`/proc/self/fd/${name}`)})`);
      } catch {
        // The descriptor that was used for listing is closed by now.
      }
    }
    return open;
  }

  private print(text: string): void {
    writeFully(this.sys, 1, text);
  }
}

import type { Ready } from "../loop.ts";
import type { ByteChannel } from "./channel.ts";
import { fakeError } from "./errors.ts";
import type { FakeNode } from "./tree.ts";

/** What an open descriptor stands for. */
export type OpenFile =
  | {
      readonly kind: "node";
      readonly node: FakeNode;
      offset: number;
      readonly append: boolean;
      readonly writable: boolean;
    }
  | {
      readonly kind: "stream";
      /** Undefined for an end that cannot be read or written. */
      readonly input: ByteChannel | undefined;
      readonly output: ByteChannel | undefined;
      readonly socket: boolean;
      connectError: Error | undefined;
    }
  | { readonly kind: "listener"; readonly key: string; readonly waiting: number[] }
  | { readonly kind: "other"; readonly what: string };

/** Open descriptors; duplicates share what they stand for. */
export class Descriptors {
  private readonly open = new Map<number, OpenFile>();

  /** Numbers that are open, in order. */
  get numbers(): number[] {
    return [...this.open.keys()].sort((a, b) => a - b);
  }

  add(file: OpenFile): number {
    let fd = 3;
    while (this.open.has(fd)) fd++;
    this.open.set(fd, file);
    return fd;
  }

  get(syscall: string, fd: number): OpenFile {
    const file = this.open.get(fd);
    if (file === undefined) throw fakeError(syscall, "EBADF", `descriptor ${fd}`);
    return file;
  }

  node(syscall: string, fd: number): Extract<OpenFile, { kind: "node" }> {
    const file = this.get(syscall, fd);
    if (file.kind !== "node") throw fakeError(syscall, "EINVAL", `descriptor ${fd}`);
    return file;
  }

  /** Closes; the last descriptor of a direction ends it: a FIFO may be open several times. Unknown numbers are ignored, as close does. */
  close(fd: number): void {
    const file = this.open.get(fd);
    this.open.delete(fd);
    if (file?.kind !== "stream") return;
    const others = [...this.open.values()].filter((other) => other.kind === "stream");
    if (file.output !== undefined && !others.some(({ output }) => output === file.output)) file.output.ended = true;
    if (file.input !== undefined && !others.some(({ input }) => input === file.input)) file.input.broken = true;
  }

  /** What epoll would say about it. */
  readiness(fd: number): Ready {
    const file = this.open.get(fd);
    const none = { read: false, write: false, hangUp: false, error: false };
    if (file === undefined) return none;
    if (file.kind === "node") return { ...none, read: true, write: true };
    if (file.kind === "listener") return { ...none, read: file.waiting.length > 0 };
    if (file.kind === "other") return none;
    const { input, output } = file;
    const inputOver = input === undefined || input.ended;
    return {
      read: input !== undefined && (input.length > 0 || input.ended),
      write: output !== undefined && (output.broken || output.length < output.capacity),
      hangUp: input !== undefined && inputOver && (output === undefined || output.broken),
      error: output?.broken ?? false,
    };
  }
}

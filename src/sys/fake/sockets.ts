import { addressText } from "../address.ts";
import { WOULD_BLOCK } from "../port/files.ts";
import type { SocketsPort } from "../port/sockets.ts";
import { ByteChannel } from "./channel.ts";
import type { Descriptors, OpenFile } from "./descriptors.ts";
import { fakeError } from "./errors.ts";
import type { FakeTree } from "./tree.ts";

type Listener = Extract<OpenFile, { kind: "listener" }>;

/** SocketsPort in memory: connections reach listeners of the same fake. */
export function fakeSockets(tree: FakeTree, descriptors: Descriptors): SocketsPort {
  const listeners = new Map<string, Listener>();
  const stream = (syscall: string, fd: number) => {
    const file = descriptors.get(syscall, fd);
    if (file.kind !== "stream") throw fakeError(syscall, "ENOTSOCK", `descriptor ${fd}`);
    return file;
  };
  const pair = (socket: boolean): [number, number] => {
    const there = new ByteChannel();
    const back = new ByteChannel();
    return [
      descriptors.add({ kind: "stream", input: back, output: there, socket, connectError: undefined }),
      descriptors.add({ kind: "stream", input: there, output: back, socket, connectError: undefined }),
    ];
  };
  return {
    listen(address) {
      const key = addressText(address);
      if (listeners.has(key)) throw fakeError("listen", "EADDRINUSE", key);
      if (address.kind === "unix") {
        if (address.path.length > 107) throw fakeError("listen", "ENAMETOOLONG", key);
        const { parent, name, node } = tree.locate("bind", address.path, false);
        if (node !== undefined) throw fakeError("listen", "EADDRINUSE", key);
        parent.entries.set(name, tree.make("socket", 0o600));
      }
      const listener: Listener = { kind: "listener", key, waiting: [] };
      listeners.set(key, listener);
      return descriptors.add(listener);
    },
    connect(address) {
      const key = addressText(address);
      if (address.kind === "unix" && tree.get("connect", address.path).kind !== "socket") {
        throw fakeError("connect", "ECONNREFUSED", key);
      }
      const listener = listeners.get(key);
      const open = descriptors.numbers.some((fd) => descriptors.get("connect", fd) === listener);
      if (listener === undefined || !open) {
        listeners.delete(key);
        throw fakeError("connect", "ECONNREFUSED", key);
      }
      const [ours, theirs] = pair(true);
      listener.waiting.push(theirs);
      return ours;
    },
    connectError: (fd) => stream("getsockopt", fd).connectError,
    accept(fd) {
      const file = descriptors.get("accept", fd);
      if (file.kind !== "listener") throw fakeError("accept", "EINVAL");
      return file.waiting.shift() ?? WOULD_BLOCK;
    },
    socketPair: () => pair(true),
    pipe() {
      const channel = new ByteChannel();
      const end = { kind: "stream", socket: false, connectError: undefined } as const;
      const read = descriptors.add({ ...end, input: channel, output: undefined });
      return [read, descriptors.add({ ...end, input: undefined, output: channel })];
    },
    setPipeSize(fd, bytes) {
      descriptors.get("fcntl", fd);
      return bytes;
    },
    setNonBlocking: (fd) => void descriptors.get("fcntl", fd),
    duplicate: (fd) => descriptors.add(descriptors.get("dup", fd)),
    sendDescriptors(fd, bytes, passed) {
      const { output } = stream("sendmsg", fd);
      if (output === undefined || output.broken) throw fakeError("sendmsg", "EPIPE");
      output.descriptors.push(passed.map((one) => descriptors.add(descriptors.get("sendmsg", one))));
      return output.write(bytes);
    },
    receiveDescriptors(fd, buffer) {
      const { input } = stream("recvmsg", fd);
      if (input === undefined) throw fakeError("recvmsg", "EBADF");
      const received = input.read(buffer);
      return { received, descriptors: received > 0 ? (input.descriptors.shift() ?? []) : [] };
    },
    shutdown(fd, how) {
      const file = stream("shutdown", fd);
      if (how !== "read" && file.output !== undefined) file.output.ended = true;
      if (how !== "write" && file.input !== undefined) file.input.broken = true;
    },
    peer(fd) {
      stream("getsockopt", fd);
      return { pid: 1, uid: 0, gid: 0 };
    },
    netlink: (protocol) => descriptors.add({ kind: "other", what: `netlink ${protocol}` }),
    openTap: (name) => descriptors.add({ kind: "other", what: `tap ${name}` }),
  };
}

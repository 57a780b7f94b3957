import * as native from "kata:native";
import { addressText } from "../address.ts";
import type { SocketAddress, SocketsPort } from "../port/sockets.ts";
import { check, checkReady, checkValue, EAGAIN, sysError } from "./check.ts";

// The kinds of `arg_address` in native/sockets.c.
function parts(address: SocketAddress): readonly [kind: number, text: string, cid: number, port: number] {
  switch (address.kind) {
    case "unix":
      return [0, address.path, 0, 0];
    case "vsock":
      return [1, "", address.cid, address.port];
    case "tcp":
      return [2, address.host, 0, address.port];
  }
}

// The bits of `openTap` in native/taps.c.
const tapBits = { multiQueue: 1, exclusive: 2 } as const;

const shutdownWays = ["read", "write", "both"] as const;

/** The sockets part of the real Sys. */
export const linuxSockets: SocketsPort = {
  listen(address, options = {}) {
    const result = native.listen(...parts(address), options.backlog ?? 128, options.mode ?? 0o600);
    return check("listen", result, addressText(address));
  },
  connect: (address) => check("connect", native.connect(...parts(address)), addressText(address)),
  connectError(fd) {
    const pending = check("getsockopt", native.connectError(fd));
    return pending === 0 ? undefined : sysError("connect", -pending);
  },
  accept: (fd) => checkReady("accept", native.accept(fd)),
  socketPair: () => checkValue("socketpair", native.socketPair()),
  pipe: (options = {}) => checkValue("pipe", native.pipe(options.nonBlocking ? 1 : 0)),
  setPipeSize: (fd, bytes) => check("fcntl F_SETPIPE_SZ", native.setPipeSize(fd, bytes)),
  setNonBlocking(fd, on) {
    check("fcntl F_SETFL", native.setNonBlocking(fd, on ? 1 : 0));
  },
  duplicate: (fd) => check("dup", native.duplicate(fd)),
  sendDescriptors: (fd, bytes, descriptors) => checkReady("sendmsg", native.sendDescriptors(fd, bytes, descriptors)),
  receiveDescriptors(fd, buffer) {
    const result = native.receiveDescriptors(fd, buffer);
    if (result === -EAGAIN) return { received: -1, descriptors: [] };
    const [received = 0, ...descriptors] = checkValue("recvmsg", result);
    return { received, descriptors };
  },
  shutdown(fd, how) {
    check("shutdown", native.shutdown(fd, shutdownWays.indexOf(how)));
  },
  peer: (fd) => checkValue("getsockopt SO_PEERCRED", native.peer(fd)),
  netlink: (protocol, groups) => check("netlink", native.netlink(protocol === "route" ? 0 : 1, groups), protocol),
  openTap(name, options = {}) {
    const bits = (options.multiQueue ? tapBits.multiQueue : 0) | (options.exclusive ? tapBits.exclusive : 0);
    return check("tap", native.openTap(name, bits), name);
  },
};

import type { ByteStream } from "../../base/byte-stream.ts";
import type { Logger } from "../../base/logger.ts";
import { listenStreams, type StreamListener } from "../../sys/connect.ts";
import { isErrno } from "../../sys/error.ts";
import type { Loop } from "../../sys/loop.ts";
import { VMADDR_CID_ANY } from "../../sys/port/sockets.ts";
import type { Sys } from "../../sys/sys.ts";

const BACKLOG = 64;

/** Listens on a vsock port; undefined in a guest without vsock. */
export function listenVsock(
  deps: { readonly sys: Sys; readonly loop: Loop; readonly logger: Logger },
  port: number,
  onStream: (stream: ByteStream) => void,
): StreamListener | undefined {
  try {
    return listenStreams(deps.sys, deps.loop, { kind: "vsock", cid: VMADDR_CID_ANY, port }, onStream, {
      backlog: BACKLOG,
    });
  } catch (error) {
    if (!isErrno(error, "EAFNOSUPPORT", "EADDRNOTAVAIL", "ENODEV", "EPROTONOSUPPORT")) throw error;
    deps.logger.debug("no vsock in this guest", { port });
    return undefined;
  }
}

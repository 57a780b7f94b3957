import type { ByteStream } from "../../base/byte-stream.ts";
import type { Logger } from "../../base/logger.ts";
import type { Loop } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import type { TtrpcServer } from "../../wire/ttrpc/server.ts";
import type { AgentParams } from "../kernel-params.ts";
import type { AgentLog } from "../log.ts";
import type { Uevents } from "../uevents.ts";
import { PortScanner } from "./port-scanner.ts";
import { SerialPort } from "./serial-port.ts";
import { SessionSplitter } from "./session-splitter.ts";

/** What the channels connect. */
export interface ChannelDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
  readonly log: AgentLog;
  readonly uevents: Uevents;
  readonly server: TtrpcServer;
  /** A host is there. */
  readonly onHost: () => void;
}

/** One thing that can be reached from the host: by the name of a virtio-serial port, or by a vsock port. */
interface Service {
  readonly port: string;
  readonly vsock: number;
  readonly serve: (stream: ByteStream) => void;
  readonly splitter?: SessionSplitter;
}

/** vsock ports that hosts use when they name none. */
const LOG_PORT = 1025;
const CONSOLE_PORT = 1026;
/** A log reader that does not read makes the log wait, and beyond that lose lines, rather than grow. */
const LOG_BACKLOG_BYTES = 256 * 1024;

/**
 * Opens every way to the agent that this guest has: virtio-serial ports, also ones that appear later, and vsock. Code for
 * those that it has not is not loaded.
 */
export async function openChannels(deps: ChannelDeps, params: AgentParams): Promise<void> {
  const { sys, loop, logger, server, uevents, onHost } = deps;
  const services: Service[] = [
    {
      port: "agent.channel.0",
      vsock: params.serverPort,
      serve: (stream) => {
        server.serve(stream);
        onHost();
      },
      splitter: new SessionSplitter(),
    },
    { port: "agent.log.0", vsock: params.logPort || LOG_PORT, serve: (stream) => serveLog(deps, stream) },
  ];
  if (params.debugConsole) {
    const { DebugConsole } = await import("./debug-console.ts");
    const { serve } = new DebugConsole(deps);
    services.push({ port: "agent.debug.0", vsock: params.debugConsolePort || CONSOLE_PORT, serve });
  }
  const wanted = new Map(
    services.map(({ port, serve, splitter }) => [
      port,
      (fd: number) => void new SerialPort({ sys, loop }, { fd, onSession: serve, splitter }),
    ]),
  );
  const scanner = new PortScanner({ sys, logger }, wanted);
  uevents.subscribe((event) => {
    if (event.properties.get("SUBSYSTEM") === "virtio-ports") scanner.scan();
  });
  scanner.scan();
  // Without the driver's node a socket would only make the kernel look for a module, by starting a program that is not there.
  if (!sys.exists("/dev/vsock")) return;
  const { listenVsock } = await import("./vsock.ts");
  for (const { vsock, serve } of services) listenVsock(deps, vsock, serve);
}

/** Streams the log to whoever connects last. */
function serveLog({ log }: ChannelDeps, stream: ByteStream): void {
  let detach: () => void = () => undefined;
  stream.start({ data: () => undefined, close: () => detach() });
  detach = log.attach((line) => {
    if (stream.pendingBytes < LOG_BACKLOG_BYTES) stream.write(line);
  });
}

import type { ByteStream } from "../base/byte-stream.ts";
import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { listenStreams } from "../sys/connect.ts";
import type { Loop } from "../sys/loop.ts";
import type { Sys } from "../sys/sys.ts";
import type { HttpServer } from "../wire/http/server.ts";

export interface ManagementDeps {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
}

/** The socket that monitors ask, in the sandbox's state directory. */
export const MANAGEMENT_SOCKET = "shim-monitor.sock";

/**
 * Serves HTTP for monitors while a sandbox runs: /metrics and /agent-url, as upstream's shim. The HTTP code is loaded by
 * the first connection: most shims never see one. Not being able to listen is no reason to fail a sandbox.
 */
export function serveManagement(deps: ManagementDeps, sandbox: Sandbox): void {
  const { sys, loop, logger } = deps;
  let server: Promise<HttpServer> | undefined;
  const serve = (stream: ByteStream) => {
    server ??= managementServer(deps, sandbox);
    server.then(
      (http) => http.serve(stream),
      (error: unknown) => {
        logger.error("cannot serve monitors", { error: KataError.from(error) });
        stream.close();
      },
    );
  };
  try {
    const listener = listenStreams(
      sys,
      loop,
      { kind: "unix", path: `${sandbox.stateDir}/${MANAGEMENT_SOCKET}` },
      serve,
    );
    void sandbox.ended.then(async () => {
      listener.close();
      (await server)?.close();
    });
  } catch (error) {
    logger.warn("cannot listen for monitors", { error: KataError.from(error) });
  }
}

async function managementServer({ sys, loop, logger }: ManagementDeps, sandbox: Sandbox): Promise<HttpServer> {
  const [{ HttpServer }, { processMetrics }] = await Promise.all([
    import("../wire/http/server.ts"),
    import("./process-metrics.ts"),
  ]);
  const server = new HttpServer({ clock: loop, logger }, { maxConnections: 16 });
  server.route("GET", "/agent-url", () => ({ body: sandbox.agentUrl }));
  server.route("GET", "/metrics", async () => {
    const { vmm, shareFs } = sandbox.pids;
    const own = processMetrics(sys, [
      { prefix: "kata_shim", what: "Kata containerd shim v2", pid: sys.pid() },
      { prefix: "kata_hypervisor", what: "Hypervisor", pid: vmm },
      { prefix: "kata_virtiofsd", what: "virtiofsd", pid: shareFs },
    ]);
    return { body: own + (await sandbox.guestMetrics()) };
  });
  return server;
}

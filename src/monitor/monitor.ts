import { KataError } from "../base/error.ts";
import type { Logger } from "../base/logger.ts";
import { type Metric, renderMetrics } from "../base/prometheus.ts";
import type { SandboxRecord } from "../sandbox/record.ts";
import type { HttpServer } from "../wire/http/server.ts";
import { processMetrics } from "./process-metrics.ts";
import { listSandboxes, type MonitorSys, sandboxProcesses } from "./sandboxes.ts";

/** Serves the sandboxes of this host and their metrics. Everything is read afresh for each request: nothing is cached. */
export class Monitor {
  private readonly sys: MonitorSys;
  private readonly logger: Logger;
  private readonly directory: string | undefined;
  private scrapes = 0;

  constructor(
    deps: { readonly sys: MonitorSys; readonly logger: Logger },
    options: { readonly directory?: string } = {},
  ) {
    this.sys = deps.sys;
    this.logger = deps.logger;
    this.directory = options.directory;
  }

  /** Adds the routes to a server. */
  register(server: HttpServer): void {
    server.route("GET", "/", () => ({ body: "kata-monitor: see /metrics and /sandboxes\n" }));
    server.route("GET", "/metrics", ({ query }) => ({
      contentType: "text/plain; version=0.0.4; charset=utf-8",
      body: this.metrics(query.get("sandbox")),
    }));
    server.route("GET", "/sandboxes", () => ({
      body: this.sandboxes()
        .map(({ sandboxId }) => `${sandboxId}\n`)
        .join(""),
    }));
  }

  /** The Prometheus text of all sandboxes, or of one. Throws KataError `not-found` for an id that is not there. */
  metrics(sandboxId?: string): string {
    const all = this.sandboxes();
    const chosen = sandboxId === undefined ? all : all.filter((record) => record.sandboxId === sandboxId);
    if (sandboxId !== undefined && chosen.length === 0) {
      throw new KataError("not-found", `There is no sandbox ${JSON.stringify(sandboxId)}`);
    }
    this.scrapes++;
    const own: Metric[] = [
      {
        name: "kata_monitor_running_shim_count",
        help: "Sandboxes on this host",
        kind: "gauge",
        samples: [["", all.length]],
      },
      { name: "kata_monitor_scrape_count", help: "Scrapes so far", kind: "counter", samples: [["", this.scrapes]] },
    ];
    return renderMetrics([...own, ...processMetrics(chosen.flatMap((record) => sandboxProcesses(this.sys, record)))]);
  }

  private sandboxes(): SandboxRecord[] {
    const skipped = (sandbox: string, cause: unknown) =>
      this.logger.warn("sandbox skipped", { sandbox, error: KataError.from(cause) });
    return listSandboxes(this.sys, skipped, this.directory);
  }
}

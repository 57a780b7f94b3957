import type { Logger } from "../../base/logger.ts";
import { isErrno } from "../../sys/error.ts";
import type { FilesPort } from "../../sys/port/files.ts";
import { listNames } from "../devices/pci-path.ts";

const PORTS_DIR = "/sys/class/virtio-ports";

/** Finds virtio-serial ports by the names that the VMM gave them, and opens each wanted one once. */
export class PortScanner {
  private readonly sys: FilesPort;
  private readonly logger: Logger;
  private readonly wanted: ReadonlyMap<string, (fd: number) => void>;
  private readonly opened = new Set<string>();

  /** `wanted` maps port names (`agent.channel.0`) to what takes the open, non-blocking descriptor. */
  constructor(
    deps: { readonly sys: FilesPort; readonly logger: Logger },
    wanted: ReadonlyMap<string, (fd: number) => void>,
  ) {
    this.sys = deps.sys;
    this.logger = deps.logger;
    this.wanted = wanted;
  }

  /** Looks at the ports that are there now; to be called again when a port may have appeared. */
  scan(): void {
    for (const port of listNames(this.sys, PORTS_DIR)) {
      if (this.opened.has(port)) continue;
      const name = this.nameOf(port);
      const take = name === undefined ? undefined : this.wanted.get(name);
      if (take === undefined) continue;
      const fd = this.open(`/dev/${port}`);
      if (fd === undefined) continue;
      this.opened.add(port);
      this.logger.debug("channel open", { port: name });
      take(fd);
    }
  }

  /** The host tells the name after the port; a kernel event follows. */
  private nameOf(port: string): string | undefined {
    try {
      return this.sys.readText(`${PORTS_DIR}/${port}/name`).trim();
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  private open(path: string): number | undefined {
    try {
      return this.sys.open(path, { read: true, write: true, nonBlocking: true });
    } catch (error) {
      // The name is there before the node, or another program has the port.
      if (isErrno(error, "ENOENT", "ENXIO", "EBUSY")) return undefined;
      throw error;
    }
  }
}

import { utf8Encode } from "../../base/bytes.ts";
import type { Loop } from "../../sys/loop.ts";
import { type FilesPort, WOULD_BLOCK } from "../../sys/port/files.ts";
import type { Style } from "./style.ts";

/** Standard output or error: where a command's text goes. */
export class Output {
  private readonly sys: Pick<FilesPort, "write">;
  private readonly loop: Loop;
  private readonly fd: number;
  readonly terminal: boolean;
  readonly style: Style;

  constructor(
    deps: { readonly sys: Pick<FilesPort, "write">; readonly loop: Loop },
    options: { readonly fd: number; readonly terminal: boolean; readonly style: Style },
  ) {
    this.sys = deps.sys;
    this.loop = deps.loop;
    this.fd = options.fd;
    this.terminal = options.terminal;
    this.style = options.style;
  }

  /** Writes all of it, waiting for a slow reader. Throws SysError EPIPE when nobody reads any more. */
  async write(content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? utf8Encode(content) : content;
    for (let offset = 0; offset < bytes.length; ) {
      const written = this.sys.write(this.fd, bytes, offset);
      if (written === WOULD_BLOCK) await this.writable();
      else offset += written;
    }
  }

  private writable(): Promise<void> {
    return new Promise((resolve) => {
      const watch = this.loop.watch(this.fd, { write: true }, () => {
        watch.stop();
        resolve();
      });
    });
  }
}

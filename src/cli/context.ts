import type { Logger } from "../base/logger.ts";
import { ImageService } from "../image/service.ts";
import { ImageStore } from "../image/store.ts";
import { ToolRunner } from "../image/tool.ts";
import type { Loop } from "../sys/loop.ts";
import type { MountsPort } from "../sys/port/mounts.ts";
import type { Sys } from "../sys/sys.ts";
import type { GlobalValues } from "./global-flags.ts";
import { imageUsers } from "./image-users.ts";
import type { Output } from "./output/output.ts";
import type { CtlPaths } from "./state/paths.ts";

/** What a command works with. */
export interface CommandContext {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly logger: Logger;
  /** The name it was called by: `kata-ctl` or `kata-runtime`. */
  readonly program: string;
  readonly global: GlobalValues;
  readonly paths: CtlPaths;
  readonly out: Output;
  readonly err: Output;
}

/** A path of the command line: a relative one begins where the user stands. */
export function absolutePath(sys: Pick<MountsPort, "cwd">, path: string): string {
  return path.startsWith("/") ? path : `${sys.cwd()}/${path.replace(/^(\.\/)+/, "")}`;
}

/** The image service over the context's store. */
export function imageService(context: CommandContext): ImageService {
  const { logger, loop, paths, sys } = context;
  const runner = new ToolRunner({ sys, loop });
  const store = new ImageStore({ sys, clock: loop, paths: paths.images });
  return new ImageService({ sys, clock: loop, store, runner, logger, users: () => imageUsers(context) });
}

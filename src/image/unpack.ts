import type { CallOptions } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";
import { type ImagePaths, rootfsPath } from "./paths.ts";
import type { ImageRecord } from "./record.ts";
import { familiarName } from "./reference.ts";
import { copiedTag } from "./skopeo.ts";
import { type ToolRunner, toolFailure, tools } from "./tool.ts";

/**
 * Unpacks an image's layers with umoci, unless that was done before, and returns the directory. Owners, modes, links,
 * extended attributes and whiteouts are umoci's job. `workspace` is a directory of this call alone, below
 * `paths.temporary`, and holds the layout `workspace/layout`.
 *
 * umoci resolves every path inside the root file system, with one exception that matters here: a whiteout of `..`
 * removes the directory above it. That directory is the workspace, which holds nothing else of value, and umoci then
 * fails. Throws `data-loss` for layers that cannot be unpacked, `resource-exhausted` without room.
 */
export async function unpackImage(
  deps: { readonly sys: FilesPort; readonly runner: ToolRunner; readonly paths: ImagePaths },
  record: Pick<ImageRecord, "id" | "name">,
  workspace: string,
  options: CallOptions = {},
): Promise<string> {
  const { sys, runner, paths } = deps;
  const name = familiarName(record.name);
  const target = rootfsPath(paths, record.id);
  if (sys.exists(target)) return target;
  const jail = `${workspace}/unpack`;
  sys.mkdir(jail, 0o700);
  const unpacked = `${jail}/rootfs`;
  const result = await runner.run(tools.umoci, {
    args: ["raw", "unpack", "--image", `layout:${copiedTag}`, unpacked],
    env: { TMPDIR: workspace },
    cwd: workspace,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (result.status.kind !== "exited" || result.status.code !== 0) {
    const cause = toolFailure(tools.umoci, result);
    if (/no space left|quota exceeded/i.test(result.stderr)) {
      throw new KataError("resource-exhausted", `No room left to unpack image ${name}`, {
        stage: "prepare-image",
        hint: "free some, for example with: kata-ctl rmi IMAGE",
        cause,
      });
    }
    throw new KataError("data-loss", `The layers of image ${name} cannot be unpacked`, {
      stage: "prepare-image",
      field: "image",
      hint: "the image is broken or hostile; nothing of it was kept",
      cause,
    });
  }
  if (sys.lstat(unpacked).kind !== "directory") {
    throw new KataError("data-loss", `Image ${name} has no directory as its root`, { stage: "prepare-image" });
  }
  try {
    sys.rename(unpacked, target);
  } catch (error) {
    // Somebody else unpacked the same image meanwhile: the content is the same, as the id is a digest of it.
    if (!isErrno(error, "EEXIST", "ENOTEMPTY")) throw error;
  }
  return target;
}

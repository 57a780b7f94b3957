import { utf8Encode } from "../base/bytes.ts";

/** The kernel takes one page of mount data, its end mark included. */
const MAX_DATA_BYTES = 4095;
const LOWER = "lowerdir=";

/** Overlay options that fit a page, and the directory that relative paths in them start from. */
export interface CompactOptions {
  readonly directory: string | undefined;
  readonly options: readonly string[];
}

/**
 * Shortens overlay options that exceed a page, as images with many layers need: the layers' common directory is left
 * out of their paths. The caller must change to `directory` for the mount. Only absolute layers without escaped colons
 * are shortened.
 */
export function compactOverlayOptions(options: readonly string[]): CompactOptions {
  const asTheyAre: CompactOptions = { directory: undefined, options };
  // A character may take three bytes; paths that long are rare enough to be shortened without need.
  if (options.join(",").length * 3 < MAX_DATA_BYTES) return asTheyAre;
  if (utf8Encode(options.join(",")).length < MAX_DATA_BYTES) return asTheyAre;
  const lower = options.find((option) => option.startsWith(LOWER));
  if (lower === undefined || lower.includes("\\")) return asTheyAre;
  const layers = lower.slice(LOWER.length).split(":");
  if (layers.some((layer) => !layer.startsWith("/"))) return asTheyAre;
  const directory = commonDirectory(layers);
  if (directory.length < 2) return asTheyAre;
  const relative = layers.map((layer) => layer.slice(directory.length + 1));
  return {
    directory,
    options: options.map((option) => (option === lower ? `${LOWER}${relative.join(":")}` : option)),
  };
}

function commonDirectory(paths: readonly string[]): string {
  const split = paths.map((path) => path.split("/"));
  const first = split[0] ?? [];
  let depth = 0;
  // The last component always stays, so that no path becomes empty.
  while (split.every((parts) => depth < parts.length - 1 && parts[depth] === first[depth])) depth++;
  return first.slice(0, depth).join("/");
}

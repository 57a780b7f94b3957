import type { CallOptions } from "../base/cancel.ts";
import { type ErrorCode, KataError } from "../base/error.ts";
import { canonicalName, familiarName, type ImageSource, isLoopback } from "./reference.ts";
import { type ToolResult, type ToolRunner, toolFailure, tools } from "./tool.ts";

/** An image source that skopeo can copy from. */
export type CopySource = Exclude<ImageSource, { readonly kind: "path" }>;

/** How to copy. */
export interface CopyOptions extends CallOptions {
  /** `false` allows plain HTTP and unknown certificates; undefined: only for registries on this machine. */
  readonly tlsVerify?: boolean;
  /** Directory for the new layout and skopeo's temporary files, removed by the caller. */
  readonly workspace: string;
  /** Where blobs go; those that are there already are not fetched. */
  readonly blobs: string;
  readonly onLine?: (line: string) => void;
}

/** The tag under which a copied image is found in its private layout. */
export const copiedTag = "image";

/**
 * Copies an image into a new OCI layout `layout` in the workspace; blobs go to the shared directory. skopeo checks every digest on
 * the way. Throws KataError with stage `prepare-image`, by cause: unknown image, wrong digest, broken archive, registry
 * out of reach, no room.
 */
export async function copyImage(
  runner: ToolRunner,
  source: CopySource,
  layout: string,
  options: CopyOptions,
): Promise<void> {
  const insecure = options.tlsVerify === false || (options.tlsVerify === undefined && onThisMachine(source));
  const result = await runner.run(tools.skopeo, {
    args: [
      "copy",
      ...(insecure ? ["--src-tls-verify=false"] : []),
      "--dest-shared-blob-dir",
      options.blobs,
      skopeoName(source),
      `oci:${layout}:${copiedTag}`,
    ],
    // skopeo unpacks OCI archives into $TMPDIR.
    env: { TMPDIR: options.workspace },
    // The layout is named relative to it, as the path in `oci:PATH:TAG` cannot contain a colon.
    cwd: options.workspace,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  if (result.status.kind === "exited" && result.status.code === 0) return;
  throw copyError(source, result);
}

/** The source as skopeo's documentation names it (skopeo(1), "IMAGE NAMES"). */
export function skopeoName(source: CopySource): string {
  if (source.kind !== "registry") {
    return `${source.kind}:${source.path}${source.member === undefined ? "" : `:${source.member}`}`;
  }
  const { reference } = source;
  // skopeo refuses a name with both; the digest is what counts.
  const tag = reference.digest === undefined ? reference.tag : undefined;
  return `docker://${canonicalName({ ...reference, tag })}`;
}

function onThisMachine(source: CopySource): boolean {
  return source.kind === "registry" && isLoopback(source.reference.registry);
}

/** What an error says, but for its cause. */
interface Explanation {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  message(source: CopySource, shown: string): string;
  hint?(source: CopySource): string;
}

/** What skopeo's words mean, most specific first. */
const explanations: readonly Explanation[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    code: "resource-exhausted",
    message: (_, shown) => `No room left for image ${shown}`,
    hint: () => "free some, for example with: kata-ctl rmi IMAGE",
  },
  {
    pattern: /digest did not match|does not match provided manifest digest|digest mismatch|blob .* size mismatch/i,
    code: "data-loss",
    message: (_, shown) => `The content of image ${shown} does not match its digest`,
    hint: () => "the digest is wrong, or the content was damaged or forged on the way",
  },
  {
    pattern: /server gave HTTP response to HTTPS client|x509:|certificate/i,
    code: "unavailable",
    message: (_, shown) => `The registry of image ${shown} does not speak trusted TLS`,
    hint: () => "if you trust that registry anyway: --tls-verify=false",
  },
  {
    pattern: /unauthorized|authentication required|invalid username\/password/i,
    code: "permission-denied",
    message: (_, shown) => `The registry does not let us read image ${shown}`,
    hint: () => "check the name, and log in if it is a private one: skopeo login REGISTRY",
  },
  {
    pattern: /no image found in (manifest list|image index)/i,
    code: "not-found",
    message: (_, shown) => `Image ${shown} has no variant for this machine`,
  },
  {
    pattern:
      /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|connection reset|TLS handshake/i,
    code: "unavailable",
    message: (source, shown) =>
      source.kind === "registry"
        ? `Registry ${source.reference.registry} cannot be reached for image ${shown}`
        : `Image ${shown} cannot be reached`,
    hint: () => "check the registry's name and port, the network, and HTTPS_PROXY",
  },
  {
    pattern:
      /manifest unknown|name unknown|not found|no descriptor found|repository name not known|access to the resource is denied/i,
    code: "not-found",
    message: (_, shown) => `There is no image ${shown}`,
    hint: (source) =>
      source.kind === "registry"
        ? "check the name; images that are here: kata-ctl images"
        : "name an image that the archive has: TRANSPORT:PATH:NAME",
  },
  {
    pattern: /more than one image|only one image|multiple images/i,
    code: "invalid-argument",
    message: (_, shown) => `${shown} contains several images`,
    hint: () => "name one of them: TRANSPORT:PATH:NAME",
  },
];

/** The typed error for a failed copy; skopeo's last words are its cause. */
export function copyError(source: CopySource, result: Pick<ToolResult, "status" | "stderr">): KataError {
  const cause = toolFailure(tools.skopeo, { ...result, stdout: "" });
  const details = { stage: "prepare-image", field: "image", cause } as const;
  const shown = source.kind === "registry" ? familiarName(canonicalName(source.reference)) : skopeoName(source);
  const found = explanations.find(({ pattern }) => pattern.test(result.stderr));
  if (found !== undefined) {
    const hint = found.hint?.(source);
    return new KataError(found.code, found.message(source, shown), {
      ...details,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  if (source.kind === "registry") return new KataError("unknown", `Cannot fetch image ${shown}`, details);
  return new KataError("data-loss", `Image archive ${source.path} is broken`, {
    ...details,
    hint: "make it again, and compare its size and checksum with the original's",
  });
}

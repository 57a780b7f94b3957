import { utf8Decode } from "../../base/bytes.ts";
import type { CallOptions } from "../../base/cancel.ts";
import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import { capture } from "../../sys/capture.ts";
import type { Loop } from "../../sys/loop.ts";
import { exitCode } from "../../sys/port/processes.ts";
import { signals } from "../../sys/signals.ts";
import type { Sys } from "../../sys/sys.ts";
import type { Asset } from "./asset.ts";

/** The tool of coreutils: an image has hundreds of megabytes, which an interpreter does not hash in reasonable time. */
const tool = "/usr/bin/sha512sum";

/**
 * Checks a file against the hash that it must have. Throws KataError `failed-precondition` when
 * the hash is another or cannot be taken, and what stands in the way of reading the file. The file must not be writable by
 * whom the check is to guard against: it is opened again by the VMM.
 */
export async function verifyAsset(
  deps: { readonly sys: Sys; readonly loop: Loop },
  asset: Asset,
  options: CallOptions = {},
): Promise<void> {
  const actual = await hashFile(deps, asset, options);
  if (sameDigits(actual, asset.sha512)) return;
  throw new KataError(
    "failed-precondition",
    `The ${asset.type} ${shown(asset.path, 200)} has SHA-512 ${actual.slice(0, 16)}..., not ${asset.sha512.slice(0, 16)}... as demanded`,
    { field: asset.type, hint: "Compare both with what sha512sum says of the file" },
  );
}

async function hashFile(
  deps: { readonly sys: Sys; readonly loop: Loop },
  { type, path }: Pick<Asset, "type" | "path">,
  options: CallOptions,
): Promise<string> {
  const failed = (cause: unknown) =>
    KataError.wrap(cause, `The ${type} ${shown(path, 200)} cannot be hashed`, { field: type });
  try {
    // Reading a pipe or a terminal would wait for ever.
    const { kind } = deps.sys.stat(path);
    if (kind !== "file" && kind !== "block") {
      throw new KataError("failed-precondition", `It is a ${kind}, not a file`);
    }
    const { status, stdout, stderr } = await capture(deps, {
      spawn: { path: tool, argv: ["sha512sum", "--", path], env: ["LC_ALL=C"], deathSignal: signals.SIGKILL },
      stdoutLimit: 64 << 10,
      ...options,
    });
    const digits = digitsOf(utf8Decode(stdout));
    if (exitCode(status) === 0 && digits !== undefined) return digits;
    throw new KataError("failed-precondition", lastLine(utf8Decode(stderr)) || `${tool} gave no hash`);
  } catch (error) {
    throw failed(error);
  }
}

/** A line of its output is the digits and the name; a backslash before them says that the name is escaped. */
function digitsOf(output: string): string | undefined {
  return /^\\?([0-9a-f]{128})[ \t]/.exec(output)?.[1];
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.slice(0, 500) ?? "";
}

/** Compares all digits whatever the first difference. */
function sameDigits(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}

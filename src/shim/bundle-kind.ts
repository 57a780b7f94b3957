import { utf8Decode } from "../base/bytes.ts";
import { object } from "../oci/check.ts";
import { type ContainerKind, containerKind } from "../oci/container-kind.ts";
import { parseJson } from "../oci/json.ts";
import { annotationMap } from "../oci/process-schema.ts";
import type { Annotations } from "../oci/spec.ts";
import { isErrno } from "../sys/error.ts";
import type { FilesPort } from "../sys/port/files.ts";

const annotated = object<{ annotations: Annotations }>({ annotations: annotationMap });
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/**
 * What the container of a bundle is to its sandbox. Looks at the annotations only: `start` and `delete` must be quick, and
 * a wrong specification is reported by the shim. A bundle without config.json is a pod's, of the sandbox API. Throws KataError
 * or SysError.
 */
export function readContainerKind(sys: Pick<FilesPort, "readFile" | "exists">, bundle: string): ContainerKind {
  let bytes: Uint8Array;
  try {
    bytes = sys.readFile(`${bundle}/config.json`, MAX_CONFIG_BYTES);
  } catch (error) {
    if (!isErrno(error, "ENOENT") || !sys.exists(bundle)) throw error;
    return { kind: "sandbox" };
  }
  return containerKind(annotated(parseJson(utf8Decode(bytes), "config.json")).annotations);
}

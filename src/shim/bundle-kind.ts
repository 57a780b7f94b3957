import { utf8Decode } from "../base/bytes.ts";
import { object } from "../oci/check.ts";
import { type ContainerKind, containerKind } from "../oci/container-kind.ts";
import { parseJson } from "../oci/json.ts";
import { annotationMap } from "../oci/process-schema.ts";
import type { Annotations } from "../oci/spec.ts";
import type { FilesPort } from "../sys/port/files.ts";

const annotated = object<{ annotations: Annotations }>({ annotations: annotationMap });
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/**
 * What the container of a bundle is to its sandbox. Looks at the annotations only: `start` and `delete` must be quick, and
 * a wrong specification is reported by the shim. Throws KataError or SysError.
 */
export function readContainerKind(sys: Pick<FilesPort, "readFile">, bundle: string): ContainerKind {
  const json = utf8Decode(sys.readFile(`${bundle}/config.json`, MAX_CONFIG_BYTES));
  return containerKind(annotated(parseJson(json, "config.json")).annotations);
}

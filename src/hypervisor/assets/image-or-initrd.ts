import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";

/** Paths of the two; empty for none. */
export interface RootPaths {
  readonly image: string;
  readonly initrd: string;
}

/** What the guest boots into. */
export type RootChoice =
  | { readonly kind: "image" | "initrd"; readonly path: string; readonly custom: boolean }
  /** IBM Secure Execution: one encrypted file holds kernel, parameters and initrd. */
  | { readonly kind: "secure-boot" };

/**
 * Chooses between image and initrd: a pod's annotation of either kind hides both of the configuration. Throws KataError
 * `invalid-argument` when one source sets both, naming both, and when nobody sets any, unless the machine boots securely
 * (`secureBoot`: a confidential guest on the machine type `s390-ccw-virtio`).
 */
export function imageOrInitrd(annotated: RootPaths, configured: RootPaths, secureBoot = false): RootChoice {
  for (const [source, paths, custom] of [
    ["annotations", annotated, true],
    ["configuration", configured, false],
  ] as const) {
    const { image, initrd } = paths;
    if (image !== "" && initrd !== "") throw bothSet(source, paths);
    if (image !== "") return { kind: "image", path: image, custom };
    if (initrd !== "") return { kind: "initrd", path: initrd, custom };
  }
  if (secureBoot) return { kind: "secure-boot" };
  throw new KataError("invalid-argument", "Neither image nor initrd is set: the guest needs one of the two", {
    field: "image",
    hint: "Set image or initrd in the configuration",
  });
}

function bothSet(source: string, { image, initrd }: RootPaths): KataError {
  return new KataError(
    "invalid-argument",
    `The ${source} set both image, ${shown(image, 200)}, and initrd, ${shown(initrd, 200)}: the guest takes one`,
    { field: "image", hint: "Leave one of the two empty" },
  );
}

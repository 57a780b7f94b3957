import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Bundle } from "../../oci/bundle.ts";
import type { Annotations } from "../../oci/spec.ts";

/** Reads what a sandbox or a container is made from. Every method throws KataError. */
export interface Documents {
  /** See `loadBundle`. */
  bundle(path: string): Bundle;
  /** See `loadRuntimeConfig`; an empty path stands for the host's configuration. */
  config(path: string, annotations: Annotations): RuntimeConfig;
}

/** A call for a bundle, as it travels to the realm. */
export interface BundleRequest {
  readonly path: string;
}

/** A call for a configuration, likewise. */
export interface ConfigRequest {
  readonly path: string;
  readonly annotations: Annotations;
}

/** The answer. Errors lose their class on the way, so they travel as data. */
export type DocumentAnswer =
  | { readonly kind: "document"; readonly document: unknown }
  | { readonly kind: "error"; readonly error: ErrorData };

/** A KataError as plain data; the causes' messages, outermost first. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly stage: string | undefined;
  readonly field: string | undefined;
  readonly hint: string | undefined;
  readonly see: readonly string[];
  readonly causes: readonly string[];
}

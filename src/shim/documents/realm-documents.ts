import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Bundle } from "../../oci/bundle.ts";
import { askRealm } from "./ask-realm.ts";
import type { Documents } from "./documents.ts";

/** The documents, read in realms of their own; see `inRealm`. */
export const realmDocuments: Documents = {
  bundle(path) {
    const bundle = askRealm("bundle.js", { path }) as Bundle;
    const { spec } = bundle;
    // Their keys are a pod's author's, so they have no prototype; it came back on the way.
    const linux = { ...spec.linux, sysctl: bare(spec.linux.sysctl) };
    return { ...bundle, spec: { ...spec, linux, annotations: bare(spec.annotations) } };
  },
  config(path, annotations) {
    const module = Object.keys(annotations).length === 0 ? "config.js" : "pod-config.js";
    return askRealm(module, { path, annotations }) as RuntimeConfig;
  },
};

function bare(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.assign(Object.create(null), map);
}

import { flag, integer, path } from "./key.ts";
import { noEffect, notPossible } from "./limit.ts";

const noTemplates = "VMs are not cloned";
const noCache = "VMs are not kept ready";

/** `[factory]`: VMs that are there before a pod wants them. */
export const factoryKeys = {
  enable_template: flag({
    fallback: false,
    limits: notPossible(noTemplates),
    meaning: "Clones VMs from a saved one, with which they share memory; needs an initrd",
  }),
  template_path: path({
    fallback: "/run/vc/vm/template",
    limits: noEffect(noTemplates),
    meaning: "Directory for the saved VM",
  }),
  vm_cache_number: integer({
    fallback: 0,
    min: 0,
    max: 0xffff_ffff,
    limits: notPossible(noCache),
    meaning: "VMs that a server keeps ready; 0: there is no such server",
  }),
  vm_cache_endpoint: path({
    fallback: "/var/run/kata-containers/cache.sock",
    limits: noEffect(noCache),
    meaning: "Unix socket of the server that keeps VMs ready",
  }),
} as const;

import { flag, path } from "../key.ts";
import { notPossible } from "../limit.ts";
import { localHypervisors } from "./groups.ts";

const noTemplates = "VMs are not cloned";

/** What the Rust runtime notes for itself when it clones VMs. */
export const templateKeys = {
  boot_to_be_template: flag({
    fallback: false,
    hypervisors: localHypervisors,
    limits: notPossible(noTemplates),
    meaning: "Starts a VM in order to save it as a template; set by the runtime, not by people",
  }),
  boot_from_template: flag({
    fallback: false,
    hypervisors: localHypervisors,
    limits: notPossible(noTemplates),
    meaning: "Resumes a VM from a template; set by the runtime, not by people",
  }),
  memory_path: path({
    fallback: "",
    optional: true,
    hypervisors: localHypervisors,
    limits: notPossible(noTemplates),
    meaning: "File with a template's memory; set by the runtime, not by people",
  }),
  device_state_path: path({
    fallback: "",
    optional: true,
    hypervisors: localHypervisors,
    limits: notPossible(noTemplates),
    meaning: "File with the state of a template's devices; set by the runtime, not by people",
  }),
} as const;

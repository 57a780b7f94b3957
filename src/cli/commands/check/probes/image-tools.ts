import { findProgram } from "../../../programs.ts";
import type { Probe } from "../probe.ts";

const imageTools = ["skopeo", "umoci"];

/** What `kata-ctl pull` and `run` fetch and unpack images with. */
export const imageToolsProbe: Probe = {
  id: "image-tools",
  title: "image tools",
  needed: "optional",
  run({ sys }) {
    const missing = imageTools.filter((name) => findProgram(sys, name) === undefined);
    if (missing.length === 0) return { result: "ok", reason: imageTools.join(", ") };
    return {
      result: "skipped",
      reason: `${missing.join(" and ")} not installed: kata-ctl cannot pull images`,
      remedy: `apt-get install ${missing.join(" ")}`,
    };
  },
};

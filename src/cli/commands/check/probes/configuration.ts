import { causeChain } from "../../../../base/error.ts";
import type { Probe } from "../probe.ts";

/** The configuration loads, and says nothing that has no meaning. */
export const configurationProbe: Probe = {
  id: "configuration",
  title: "configuration",
  needed: "required",
  run({ configuration }) {
    if (configuration.kind === "broken") {
      const { error } = configuration;
      const [reason = "it cannot be read", ...details] = causeChain(error).flatMap((text) => text.split(/\n\s*/));
      return { result: "failed", reason, details, remedy: error.hint ?? "Correct the file" };
    }
    const { source = "built in", warnings } = configuration.config;
    if (warnings.length === 0) return { result: "ok", reason: source };
    const count = warnings.length === 1 ? "one warning" : `${warnings.length} warnings`;
    return {
      result: "warning",
      reason: `${source}: ${count}`,
      details: warnings,
      remedy: "Correct what is named here, or take it out",
    };
  },
};

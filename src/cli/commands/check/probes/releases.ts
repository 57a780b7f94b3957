import { version } from "../../../../base/version.ts";
import type { Probe } from "../probe.ts";

/** Upstream looks for newer releases here; this program asks no network. */
export const releasesProbe: Probe = {
  id: "releases",
  title: "newer releases",
  needed: "optional",
  run: () => ({ result: "skipped", reason: `not looked up: this program uses no network (this is ${version})` }),
};

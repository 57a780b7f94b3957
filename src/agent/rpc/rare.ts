import type { Loop } from "../../sys/loop.ts";
import type { Sys } from "../../sys/sys.ts";
import type { DeviceFinder } from "../devices/finder.ts";
import type { Modules } from "../modules.ts";
import type { Sandbox } from "../sandbox.ts";
import { copyRpcs } from "./copy.ts";
import type { AgentHandlers } from "./handlers.ts";
import { networkRpcs } from "./network.ts";
import { resourceRpcs } from "./resources.ts";

/** What a guest's first container may do without: code that is loaded when one of these is called. */
export function rareRpcs(deps: {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly modules: Pick<Modules, "loadDeviceModules">;
  readonly finder: DeviceFinder;
  readonly sandbox: Sandbox;
}): AgentHandlers {
  return { ...networkRpcs(deps), ...copyRpcs(deps), ...resourceRpcs(deps) };
}

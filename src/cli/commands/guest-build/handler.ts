import { KataError } from "../../../base/error.ts";
import { exitCode } from "../../../sys/port/processes.ts";
import { signals } from "../../../sys/signals.ts";
import type { CommandContext } from "../../context.ts";

/** What `guest build` is told. */
export interface GuestBuildFlags {
  readonly output: string | undefined;
  readonly cache: string | undefined;
  readonly agent: string | undefined;
  readonly kernelFlavour: string;
  readonly module: readonly string[];
  readonly busybox: boolean;
  readonly refresh: boolean;
  readonly offline: boolean;
  readonly force: boolean;
}

/** Files of the recipe. */
interface Places {
  readonly recipe: string;
  readonly agent: string;
  readonly output: string;
  readonly cache: string;
}

/** Runs the recipe, whose progress goes to standard error. Returns its exit code. */
export async function buildGuest(context: CommandContext, flags: GuestBuildFlags): Promise<number> {
  const { loop, sys } = context;
  const places = findPlaces(context);
  const argv = [
    "bash",
    places.recipe,
    "--agent",
    flags.agent ?? places.agent,
    "--output",
    flags.output ?? places.output,
    "--cache",
    flags.cache ?? places.cache,
    "--kernel-flavour",
    flags.kernelFlavour,
    ...flags.module.flatMap((name) => ["--module", name]),
    ...(["busybox", "refresh", "offline", "force"] as const).filter((name) => flags[name]).map((name) => `--${name}`),
  ];
  const pid = sys.spawn({
    path: "/bin/bash",
    argv,
    env: sys.environment(),
    cwd: sys.cwd(),
    fds: [-1, 2, 2],
    deathSignal: signals.SIGTERM,
  });
  return exitCode(await loop.exited(pid));
}

/** In place: the checkout around out/bin. Installed: libexec and share beside bin. */
function findPlaces({ sys }: CommandContext): Places {
  const programs = sys.readLink("/proc/self/exe").replace(/\/[^/]*$/, "");
  const prefix = programs.replace(/\/[^/]*$/, "");
  const checkout = prefix.replace(/\/[^/]*$/, "");
  const candidates: Places[] = [
    {
      recipe: `${checkout}/guest/build.sh`,
      agent: `${prefix}/libexec/kata-agent`,
      output: `${prefix}/guest`,
      cache: `${prefix}/cache`,
    },
    {
      recipe: `${prefix}/libexec/kata-containers/guest/build.sh`,
      agent: `${prefix}/libexec/kata-containers/kata-agent`,
      output: `${prefix}/share/kata-containers`,
      cache: "/var/cache/kata-containers",
    },
  ];
  const found = candidates.find(({ recipe }) => sys.exists(recipe));
  if (found !== undefined) return found;
  throw new KataError("not-found", "The guest's recipe is not installed", {
    hint: `it belongs to ${candidates.map(({ recipe }) => recipe).join(" or ")}`,
  });
}

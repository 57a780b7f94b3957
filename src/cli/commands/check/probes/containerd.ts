import { isErrno } from "../../../../sys/error.ts";
import { findProgram } from "../../../programs.ts";
import type { HostSys, Probe } from "../probe.ts";

const socket = "/run/containerd/containerd.sock";
const shim = "containerd-shim-kata-v2";
const runtimeType = "io.containerd.kata";
const maxConfiguration = 4 << 20;

/** containerd runs here, finds the shim, and knows the runtime. */
export const containerdProbe: Probe = {
  id: "containerd",
  title: "containerd",
  needed: "optional",
  run({ sys }) {
    if (!sys.exists(socket)) return { result: "skipped", reason: `it does not run here: there is no ${socket}` };
    const program = findProgram(sys, shim);
    const files = configurationFiles(sys);
    const registered = files.find((path) => sys.readText(path, maxConfiguration).includes(runtimeType));
    if (program === undefined) {
      const remedy = `make install puts it there, or link it: ln -s /path/to/${shim} /usr/local/bin`;
      if (registered === undefined) return { result: "skipped", reason: `no ${shim} in the usual places`, remedy };
      return { result: "warning", reason: `${registered} names our runtime, but there is no ${shim} to start`, remedy };
    }
    if (registered !== undefined) return { result: "ok", reason: `runtime of ${registered}`, details: [program] };
    return {
      result: "skipped",
      reason: "ctr and docker find the shim; for pods, no runtime of ours is configured",
      remedy:
        "Add the file from share/kata-containers/deploy/containerd that fits your release, and restart containerd",
    };
  },
};

function configurationFiles(sys: HostSys): string[] {
  const directory = "/etc/containerd/conf.d";
  return ["/etc/containerd/config.toml", ...tomlFiles(sys, directory)].filter((path) => sys.exists(path));
}

function tomlFiles(sys: HostSys, directory: string): string[] {
  try {
    return sys.readDir(directory).flatMap(({ name }) => (name.endsWith(".toml") ? [`${directory}/${name}`] : []));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

import { KataError } from "../../base/error.ts";
import { type SupervisedDeps, SupervisedProcess } from "../process/supervised-process.ts";

/** QEMU's own name for its version, such as `7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)`. Throws KataError. */
export async function qemuVersion(deps: SupervisedDeps, path: string): Promise<string> {
  let process: SupervisedProcess;
  try {
    process = new SupervisedProcess(deps, { spawn: { path, argv: [path, "--version"], env: ["LC_ALL=C"] } });
  } catch (error) {
    throw KataError.wrap(error, `Cannot run ${path}`, { field: "hypervisor.qemu.path" });
  }
  const { stdoutTail } = await process.exited;
  const version = /^QEMU emulator version (.+)$/m.exec(stdoutTail.join("\n"))?.[1];
  if (version !== undefined) return version;
  throw new KataError("failed-precondition", `${path} does not tell a QEMU version`, { field: "hypervisor.qemu.path" });
}

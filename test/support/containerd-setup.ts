import { execFileSync } from "node:child_process";
import path from "node:path";

/** Fetches the releases of containerd and Docker once, before the tests that drive them; needs the network only the first time. */
export function setup(): void {
  for (const script of ["containerd.sh", "docker.sh"]) {
    execFileSync(path.resolve(import.meta.dirname, "../../tools/setup", script), { stdio: "inherit" });
  }
}

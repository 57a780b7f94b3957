import { execFileSync } from "node:child_process";
import path from "node:path";

/** Fetches the containerd releases once, before the tests that drive them; needs the network only the first time. */
export function setup(): void {
  execFileSync(path.resolve(import.meta.dirname, "../../tools/setup/containerd.sh"), { stdio: "inherit" });
}

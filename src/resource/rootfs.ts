import type { MountsPort } from "../sys/port/mounts.ts";
import { compactOverlayOptions } from "./overlay-options.ts";

/** Mounts an overlay at `target`. Throws SysError. */
export function mountOverlay(sys: MountsPort, target: string, options: readonly string[]): void {
  const compact = compactOverlayOptions(options);
  const mount = () => sys.mount({ type: "overlay", source: "overlay", target, options: compact.options });
  if (compact.directory === undefined) {
    mount();
    return;
  }
  const before = sys.cwd();
  sys.chdir(compact.directory);
  try {
    mount();
  } finally {
    sys.chdir(before);
  }
}

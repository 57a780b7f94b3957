import type { Logger } from "../../base/logger.ts";
import type { Sys } from "../../sys/sys.ts";

/**
 * Ends the machine: file systems are written out first. Without ACPI there is nothing that could switch the power off;
 * a restart then, which a VMM that was told not to restart takes for the end.
 */
export function powerOff(deps: { readonly sys: Sys; readonly logger: Logger }, reason: string): never {
  const { sys, logger } = deps;
  const how = sys.exists("/sys/firmware/acpi") ? "power-off" : "restart";
  logger.info("powering off", { reason, how });
  sys.sync();
  sys.reboot(how);
  // reboot(2) returns only when the machine could do nothing.
  sys.reboot("halt");
  return sys.exit(1);
}

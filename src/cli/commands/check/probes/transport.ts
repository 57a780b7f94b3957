import { KataError } from "../../../../base/error.ts";
import { chooseTransport } from "../../../../hypervisor/qemu/transport.ts";
import { type Probe, withConfiguration } from "../probe.ts";
import { hasDriver } from "./hypervisor.ts";

/** The way to the agent that the configuration asks for exists. */
export const transportProbe: Probe = {
  id: "vsock",
  title: "way to the agent",
  needed: "required",
  run: withConfiguration(({ agent, hypervisor }, { sys }) => {
    // Ways differ between VMMs.
    if (!hasDriver(hypervisor.name)) return { result: "skipped", reason: `there is no driver for ${hypervisor.name}` };
    const details = ["/dev/vhost-vsock", "/dev/vsock"].map(
      (path) => `${path} ${sys.exists(path) ? "is there" : "is not there"}`,
    );
    try {
      const { daemon, kind } = chooseTransport(sys, agent.transport);
      const chosen = agent.transport === "auto" ? " (the best that is here)" : "";
      return { result: "ok", reason: `${daemon === undefined ? kind : `${kind} by ${daemon}`}${chosen}`, details };
    } catch (error) {
      if (!(error instanceof KataError)) throw error;
      const load = agent.transport === "vsock" ? "modprobe vhost_vsock, or " : "";
      return {
        result: "failed",
        reason: error.message,
        details,
        remedy: `${load}${error.hint ?? "change agent_transport"}`,
      };
    }
  }),
};

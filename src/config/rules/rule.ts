import type { Architecture } from "../architecture.ts";
import type { Values } from "../effective.ts";
import type { HypervisorType } from "../hypervisor-type.ts";

/** The machine that VMs run on, for defaults and rules that depend on it. */
export interface Host {
  readonly arch: Architecture;
  readonly cpus: number;
  readonly memoryMib: number;
}

/** What rules look at: everything that was read, complete with defaults. */
export interface RuleInput extends Values {
  readonly type: HypervisorType;
  readonly host: Host;
}

/** What must hold between keys. */
export interface Rule {
  /** The key that the message is about; below `[hypervisor.NAME]` when it begins with `~`. */
  readonly key: string;
  /** Other keys that it looks at, written likewise; when one of all these has a wrong value, the rule is not asked. */
  readonly with?: readonly string[];
  /** `warning` and `note` for what works, though hardly as meant; else it is an error. */
  readonly severity?: "warning" | "note";
  /** Completes "KEY: ..."; false when the rule holds. */
  readonly broken: (input: RuleInput) => string | false;
}

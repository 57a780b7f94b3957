import type { HypervisorType } from "./hypervisor-type.ts";
import type { Key } from "./schema/key.ts";

/** Where an effective value comes from. Lines and columns count from 1; `column` is the value's. */
export type Origin =
  | { readonly kind: "default" }
  | {
      readonly kind: "file";
      readonly file: string;
      readonly line: number;
      readonly column: number;
      readonly dropIn: boolean;
    }
  | { readonly kind: "annotation"; readonly name: string };

/** One key with its effective value. */
export interface Setting {
  /** `hypervisor.qemu.default_vcpus`: with the canonical names of table and key. */
  readonly path: string;
  readonly key: Key;
  readonly value: unknown;
  readonly origin: Origin;
}

/** A configuration after defaults, files, drop-ins and annotations: what `config show` prints and the runtime config is made from. */
export interface Settings {
  readonly hypervisor: HypervisorType;
  /** Every key that applies, in the order of the written file. */
  readonly list: readonly Setting[];
}

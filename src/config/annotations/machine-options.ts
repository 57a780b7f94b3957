const files = "it names a file of the host";
const ids = "it names one of the VM's own objects";

/** Options of QEMU's `-machine` that are not a pod's to choose, with the reason. */
const refused: ReadonlyMap<string, string> = new Map([
  ...["kernel", "initrd", "dtb", "dumpdtb", "firmware"].map((name) => [name, files] as const),
  ...["memory-backend", "memory-encryption", "confidential-guest-support", "pflash0", "pflash1"].map(
    (name) => [name, ids] as const,
  ),
  ["append", "the guest's command line is set by kernel_params"],
  ["accel", "the operator chooses how the guest's CPU is run"],
  ["type", "the machine is set by machine_type"],
]);

/** The rules that a pod's `machine_accelerators`, a comma list of NAME or NAME=VALUE, breaks. */
export function machineOptionProblems(text: string): { readonly rule: string; readonly got: string }[] {
  return text.split(",").flatMap((option) => {
    // QEMU takes both spellings of a name.
    const name = (option.split("=", 1)[0] ?? "").replaceAll("_", "-");
    const why = refused.get(name);
    return why === undefined ? [] : [{ rule: `must not hold ${name}: ${why}`, got: option }];
  });
}

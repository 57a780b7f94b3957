import { type Param, paramName } from "./param.ts";

/** Parameters that are given several times on purpose, by the kernel's name, and why: nothing replaces an earlier one. */
const repeatable: ReadonlyMap<string, string> = new Map([
  ["console", "every console gets the kernel's messages; the last one is /dev/console"],
  ["pci", "each adds options; configuration files give one option a word"],
  ["hugepagesz", "each says which size the hugepages behind it have"],
  ["hugepages", "belongs to the hugepagesz before it"],
  ["memmap", "each marks a region"],
  ["crashkernel", "high and low memory are reserved by a word each"],
  ["initcall_blacklist", "each adds functions"],
  ["virtio_mmio.device", "each is a device"],
  ["acpi_osi", "each adds or removes a string"],
  ["dyndbg", "each is a query"],
  ["modprobe.blacklist", "each adds modules"],
  ["systemd.mask", "each masks a unit"],
  ["systemd.wants", "each starts a unit"],
  ["systemd.setenv", "each sets a variable"],
]);

/** Whether several parameters of this name belong together, so that a later one does not replace an earlier one. */
export function isRepeatable(param: Param): boolean {
  return repeatable.has(paramName(param));
}

/**
 * Parameters with others over them: one in `over` replaces every one of the same name in `base`, except where several belong
 * together. What `over` has comes last. Words behind `--`, which are arguments of init, stay behind all parameters.
 */
export function mergeParams(base: readonly Param[], over: readonly Param[]): Param[] {
  const [lower, upper] = [atInitArgs(base), atInitArgs(over)];
  const replaced = new Set(upper.params.filter((param) => !isRepeatable(param)).map(paramName));
  const kept = lower.params.filter((param) => !replaced.has(paramName(param)));
  return withInitArgs([...kept, ...upper.params], [...lower.initArgs, ...upper.initArgs]);
}

/** Only the last parameter of every name, where it stands; those that belong together all stay, and so do init's arguments. */
export function dedupe(params: readonly Param[]): Param[] {
  const { params: all, initArgs } = atInitArgs(params);
  const last = new Map(all.map((param, index) => [paramName(param), index]));
  const kept = all.filter((param, index) => isRepeatable(param) || last.get(paramName(param)) === index);
  return withInitArgs(kept, initArgs);
}

/** The kernel's own parameters: what stands before `--`. */
export function kernelPart(params: readonly Param[]): readonly Param[] {
  return atInitArgs(params).params;
}

function atInitArgs(params: readonly Param[]): {
  readonly params: readonly Param[];
  readonly initArgs: readonly Param[];
} {
  const at = params.findIndex(({ key, value }) => key === "--" && value === undefined);
  return at < 0 ? { params, initArgs: [] } : { params: params.slice(0, at), initArgs: params.slice(at + 1) };
}

function withInitArgs(params: readonly Param[], initArgs: readonly Param[]): Param[] {
  return initArgs.length === 0 ? [...params] : [...params, { key: "--", value: undefined }, ...initArgs];
}

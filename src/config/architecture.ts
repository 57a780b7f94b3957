/** Processor architectures by the names that Kata's users and files know, which are Go's. */
export type Architecture = "amd64" | "arm64" | "ppc64le" | "s390x" | "riscv64";

const byMachine: ReadonlyMap<string, Architecture> = new Map([
  ["x86_64", "amd64"],
  ["aarch64", "arm64"],
  ["ppc64le", "ppc64le"],
  ["s390x", "s390x"],
  ["riscv64", "riscv64"],
]);

/** The architecture of a machine, by what uname(2) calls it; undefined for one that Kata does not know. */
export function architectureOf(machine: string): Architecture | undefined {
  return byMachine.get(machine);
}

import { option } from "../option.ts";

/** The guest's console: the first serial line, on QEMU's standard output. Standard input is not read: nobody types there. */
export function consoleArgs(): string[] {
  return ["-chardev", option("stdio", { id: "console0", signal: false }), "-serial", "chardev:console0"];
}

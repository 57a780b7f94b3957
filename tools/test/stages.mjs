// The stages of `make test`, in order: cheap ones first. `kind` says how a stage's result is counted:
// "command" is one test, passed when it exits with 0; "vitest" and "native" count their own tests.

/** @typedef {{ name: string, group: string, kind: "command" | "vitest" | "native", command: string[] }} Stage */

/** @type {Stage[]} */
export const stages = [
  { name: "types-src", group: "lint", kind: "command", command: ["npx", "tsc", "-p", "tsconfig.src.json"] },
  { name: "types-node", group: "lint", kind: "command", command: ["npx", "tsc", "-p", "tsconfig.node.json"] },
  { name: "style", group: "lint", kind: "command", command: ["npx", "biome", "check", "--error-on-warnings", "."] },
  { name: "unused", group: "lint", kind: "command", command: ["npx", "knip", "--no-progress"] },
  {
    name: "unit",
    group: "unit",
    kind: "vitest",
    command: ["--project", "unit", "--project", "conformance", "--project", "repo"],
  },
  { name: "native", group: "native", kind: "native", command: ["node", "tools/build/native-tests.mjs"] },
  {
    name: "sanitize",
    group: "native",
    kind: "native",
    command: ["node", "tools/build/native-tests.mjs", "--sanitize"],
  },
  { name: "fuzz", group: "native", kind: "native", command: ["node", "tools/build/fuzz.mjs"] },
  { name: "integration", group: "vm", kind: "vitest", command: ["--project", "integration"] },
  { name: "e2e", group: "vm", kind: "vitest", command: ["--project", "e2e"] },
  { name: "containerd", group: "vm", kind: "vitest", command: ["--project", "containerd"] },
];

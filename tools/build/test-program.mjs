// One native program out of many test files; see native-tests.mjs and fuzz.mjs.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { bundle, keepWork, link, realmModules, workDirectory } from "./bundle.mjs";
import { bytecodeCompiler, compileBridge, sanitizeFlags, testFlags } from "./c.mjs";
import { engine } from "./engine.mjs";
import { BuildError, root } from "./paths.mjs";

/**
 * Builds a program of all files whose name ends with `suffix`, runs it and returns its exit code. `argv` are the options
 * that native-tests.mjs describes.
 */
export async function runNativeTests(argv, { suffix, name: plainName, sanitize }) {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      sanitize: { type: "boolean", default: sanitize },
      "build-only": { type: "boolean", default: false },
      file: { type: "string", multiple: true, default: [] },
    },
    allowPositionals: true,
  });
  const name = values.sanitize ? `${plainName}-sanitize` : plainName;
  const files = ["src", "native", "test/native"]
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(suffix))
    .filter((file) => values.file.length === 0 || values.file.some((part) => file.includes(part)))
    .sort();
  if (files.length === 0) throw new BuildError("no test file has such a name");
  const work = workDirectory(name);
  mkdirSync(dirname(work), { recursive: true });
  const entry = `${work}-entry.ts`;
  const imports = files.map((file) => `import ${JSON.stringify(join(root, file))};`);
  const start = `import { runTests } from ${JSON.stringify(join(root, "test/native/runner.ts"))};\nrunTests();\n`;
  writeFileSync(entry, `${imports.join("\n")}\n${start}`);
  const target = join(root, "out/test", name);
  try {
    const quickjs = engine();
    const [objects, modules] = await Promise.all([
      compileBridge(quickjs, values.sanitize ? sanitizeFlags : testFlags),
      bundle({ tests: entry, ...realmModules }, work, bytecodeCompiler(quickjs)),
    ]);
    const flags = values.sanitize ? ["-g", "-fsanitize=address,undefined"] : ["-static-pie", "-Wl,--gc-sections"];
    link(quickjs, objects, modules, [[name, "tests"]], target, flags);
    keepWork(work, name);
  } finally {
    rmSync(entry);
    // Still there only when a step failed.
    rmSync(work, { recursive: true, force: true });
  }
  if (values["build-only"]) return 0;
  const ran = spawnSync(target, positionals, {
    stdio: "inherit",
    cwd: root,
    env: { ...process.env, UBSAN_OPTIONS: "print_stacktrace=1", ASAN_OPTIONS: "detect_stack_use_after_return=1" },
  });
  if (ran.signal) throw new BuildError(`the native tests ended by ${ran.signal}`);
  return ran.status;
}

// Builds the native programs. Usage: node tools/build/native.mjs [--only host|agent] [--entry FILE.ts --out PATH]
//
//   (nothing)   out/bin/kata-ctl with links for its other names, and out/libexec/kata-agent; programs without sources are left out
//   --only      one of the two binaries
//   --entry     any TypeScript file that calls runProgram, as a program of its own: for experiments and benchmarks
import { existsSync, rmSync, statSync, symlinkSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundle, keepWork, link, realmModules, releaseLink, workDirectory } from "./bundle.mjs";
import { bytecodeCompiler, compileBridge, releaseFlags } from "./c.mjs";
import { engine } from "./engine.mjs";
import { BuildError, main, root } from "./paths.mjs";

// A binary: its file, its modules, and which module each program name starts (with what embeddedSource takes besides). The
// first name is the default.
const binaries = {
  host: {
    file: "out/bin/kata-ctl",
    entries: {
      ctl: "src/cli/main.ts",
      shim: "src/shim/main.ts",
      ...realmModules,
      monitor: "src/monitor/main.ts",
    },
    programs: [
      ["kata-ctl", "ctl"],
      ["kata-runtime", "ctl"],
      ["containerd-shim-kata-v2", "shim"],
      ["kata-monitor", "monitor"],
    ],
  },
  agent: {
    file: "out/libexec/kata-agent",
    entries: { agent: "src/agent/main.ts" },
    // The agent looks for garbage as soon as the guest is idle. Before, a container waits for whatever else it does.
    programs: [["kata-agent", "agent", 2 << 20]],
  },
};

async function buildBinary(name, binary) {
  const missing = Object.entries(binary.entries).filter(([, file]) => !existsSync(resolve(root, file)));
  for (const [module, file] of missing) console.error(`build: ${module} is left out: ${file} does not exist`);
  const entries = Object.fromEntries(
    Object.entries(binary.entries).filter(([, file]) => existsSync(resolve(root, file))),
  );
  const programs = binary.programs.filter(([, module]) => module in entries);
  if (programs.length === 0) return;
  const quickjs = engine();
  const compiler = bytecodeCompiler(quickjs);
  const work = workDirectory(name);
  const target = resolve(root, binary.file);
  try {
    const [objects, modules] = await Promise.all([
      compileBridge(quickjs, releaseFlags),
      bundle(entries, work, compiler),
    ]);
    link(quickjs, objects, modules, programs, target, releaseLink);
    keepWork(work, name);
  } finally {
    // Still there only when a step failed.
    rmSync(work, { recursive: true, force: true });
  }
  const names = programs.map(([program]) => program);
  for (const program of names) {
    const path = join(root, "out/bin", program);
    if (path === target || binary.file.startsWith("out/bin/") === false) continue;
    rmSync(path, { force: true });
    symlinkSync(basename(target), path);
  }
  console.log(`${binary.file} ${(statSync(target).size / 1e6).toFixed(2)} MB: ${names.join(" ")}`);
}

await main(async (argv) => {
  const { values } = parseArgs({
    args: argv,
    options: { only: { type: "string" }, entry: { type: "string" }, out: { type: "string" } },
  });
  if (values.entry !== undefined) {
    if (values.out === undefined) throw new BuildError("--entry needs --out");
    const name = basename(values.out);
    const entry = resolve(values.entry);
    if (!existsSync(entry)) throw new BuildError(`${values.entry} does not exist`);
    const binary = { file: resolve(values.out), entries: { program: entry }, programs: [[name, "program"]] };
    await buildBinary(`entry-${name}`, { ...binary, entries: { program: entry } });
    return;
  }
  const wanted = values.only === undefined ? Object.keys(binaries) : [values.only];
  for (const name of wanted) {
    if (binaries[name] === undefined)
      throw new BuildError(`--only takes ${Object.keys(binaries).join(" or ")}, not ${name}`);
    await buildBinary(name, binaries[name]);
  }
});

// TypeScript to bytecode: esbuild bundles, the engine compiles, and a line map for stack traces is made of the source map.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";
import { functionNames } from "./function-names.mjs";
import { encodeLineMap, placeAt, placesOf } from "./line-map.mjs";
import { BuildError, root, run } from "./paths.mjs";
import { slimBytecode } from "./slim-bytecode.mjs";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  target: "es2022",
  external: ["kata:native"],
  // A third of the engine's names are those of local variables. Stack traces get the names of functions from the line map.
  minifyIdentifiers: true,
  sourcemap: "external",
  charset: "utf8",
  legalComments: "none",
  outExtension: { ".js": ".js" },
  chunkNames: "chunk-[hash]",
  define: { KATA_VERSION: JSON.stringify(version), KATA_NATIVE: "true" },
  logLevel: "warning",
};

/** Not programs: what the shim runs in passing realms; see src/sys/linux/realm.ts. */
export const realmModules = {
  task: "src/shim/planning/task-realm.ts",
  pod: "src/shim/planning/pod-realm.ts",
  config: "src/shim/planning/config-realm.ts",
  "pod-config": "src/shim/planning/pod-config-realm.ts",
  qemu: "src/shim/planning/qemu-realm.ts",
};

/** What every program has, beside its own modules. */
const everywhere = { prelude: "src/sys/linux/prelude.ts", stack: "src/sys/linux/stack-realm.ts" };

/**
 * Bundles entries (module name -> TypeScript file) into `into`, which is emptied, and compiles them. Code that several
 * entries share, and what is imported lazily, becomes modules of their own. Returns the modules: name, code, lines.
 */
export async function bundle(entries, into, compiler, options = {}) {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  try {
    await build({ ...common, ...options, entryPoints: everywhere, outdir: into });
    await build({ ...common, ...options, entryPoints: entries, outdir: into, splitting: true });
  } catch (error) {
    if (error.errors === undefined) throw error;
    throw new BuildError("esbuild cannot bundle the program");
  }
  const files = readdirSync(into)
    .filter((name) => name.endsWith(".js"))
    .sort();
  run(
    compiler,
    files.map((name) => join(into, name)),
  );
  const namesIn = memoise(functionNames);
  return files.map((name) => {
    const map = JSON.parse(readFileSync(join(into, `${name}.map`), "utf8"));
    const sources = map.sources.map((path) => resolve(into, path));
    const names = sources.map(namesIn);
    const places = placesOf(map, (source, line, column) => names[source](line, column));
    const lines = join(into, `${name}.lines`);
    writeFileSync(
      lines,
      encodeLineMap(
        sources.map((path) => relative(root, path)),
        places,
      ),
    );
    const code = join(into, name.replace(/\.js$/, ".bc"));
    writeFileSync(
      code,
      slimBytecode(readFileSync(code), (line, column) => placeAt(places, line, column)),
    );
    return { name: basename(name), code, lines };
  });
}

function memoise(get) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, get(key));
    return known.get(key);
  };
}

/**
 * The C file that embeds modules and the table of programs (see bridge.h): name, module, bytes of heap before a search for
 * garbage. The first program is the default. Loading modules makes no garbage, and programs that are over by then need not look.
 */
export function embeddedSource(modules, programs) {
  const parts = ['#include "bridge.h"', "#include <stddef.h>"];
  const blob = (symbol, path) =>
    `__asm__(".section .rodata\\n.balign 16\\n.global ${symbol}\\n${symbol}:\\n.incbin \\"${path}\\"\\n.global ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n.previous\\n");\nextern const uint8_t ${symbol}[], ${symbol}_end[];`;
  for (const [i, module] of modules.entries())
    parts.push(blob(`code_${i}`, module.code), blob(`lines_${i}`, module.lines));
  parts.push("const struct embedded_module embedded_modules[] = {");
  for (const [i, module] of modules.entries())
    parts.push(`    {"${module.name}", code_${i}, code_${i}_end, lines_${i}, lines_${i}_end},`);
  parts.push("    {0}};", "const struct embedded_program embedded_programs[] = {");
  for (const [name, module, firstCollection = 512 << 10] of programs)
    parts.push(`    {"${name}", "${module}.js", ${firstCollection}},`);
  parts.push("    {0}};", "");
  return parts.join("\n");
}

/** Links objects and modules to a program at `target`. */
export function link(engine, objects, modules, programs, target, flags) {
  const source = join(dirname(modules[0].code), "embedded.c");
  writeFileSync(source, embeddedSource(modules, programs));
  mkdirSync(dirname(target), { recursive: true });
  const include = ["-isystem", engine.include, "-I", join(root, "native")];
  run("gcc", [
    "-std=gnu11",
    ...include,
    source,
    ...objects,
    engine.library,
    "-lm",
    "-lpthread",
    ...flags,
    "-o",
    `${target}.${process.pid}`,
  ]);
  renameSync(`${target}.${process.pid}`, target);
}

/**
 * Link flags of programs that users run: static, only what is used, stripped. Position-independent, because programs
 * that read what a guest sends should not lie at known addresses: that costs 0.02 ms of start and 30 kB of memory.
 */
export const releaseLink = [
  "-static-pie",
  "-s",
  "-Wl,--gc-sections",
  "-Wl,-z,noexecstack",
  "-Wl,-z,relro,-z,now",
  "-Wl,--build-id=none",
];

/** A directory to build in: builds that run at the same time do not see each other's files. */
export function workDirectory(name) {
  return join(root, "out/build", `${name}.${process.pid}`);
}

/** Gives a finished work directory its lasting name, for those who want to look into it. */
export function keepWork(work, name) {
  const kept = join(root, "out/build", name);
  rmSync(kept, { recursive: true, force: true });
  renameSync(work, kept);
}

// Compiles the C bridge, with objects cached by the content of everything that goes into them.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { BuildError, root, run } from "./paths.mjs";

const native = join(root, "native");
const warnings = ["-Wall", "-Wextra", "-Wshadow", "-Wvla", "-Werror"];

/** Flags for programs that users run. */
export const releaseFlags = [
  "-O2",
  "-fPIE",
  "-fstack-protector-strong",
  "-D_FORTIFY_SOURCE=2",
  "-ffunction-sections",
  "-fdata-sections",
];
/** Flags for test programs: the calls that only tests may make. */
export const testFlags = [...releaseFlags, "-g", "-DKATA_NATIVE_TESTING"];
/** Flags for test programs under address and undefined-behaviour sanitizers. */
export const sanitizeFlags = [
  "-O1",
  "-g",
  "-fno-omit-frame-pointer",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=undefined",
  "-DKATA_NATIVE_TESTING",
];

/** Compiles all of native/*.c but the build tools; returns the objects. `engine` is what engine() gave. */
export async function compileBridge(engine, flags) {
  const sources = readdirSync(native).filter((name) => name.endsWith(".c") && name !== "compile.c");
  const headers = readdirSync(native).filter((name) => name.endsWith(".h"));
  const common = createHash("sha256");
  for (const name of headers) common.update(readFileSync(join(native, name)));
  common.update(readFileSync(join(engine.include, "quickjs.h"))).update(flags.join(" "));
  const seed = common.digest("hex");
  const objects = join(root, "out/build/objects");
  mkdirSync(objects, { recursive: true });
  return Promise.all(
    sources.map(async (name) => {
      const source = join(native, name);
      const hash = createHash("sha256").update(seed).update(readFileSync(source)).digest("hex").slice(0, 20);
      const object = join(objects, `${name.slice(0, -2)}-${hash}.o`);
      if (!existsSync(object)) await compile(source, object, engine, flags);
      return object;
    }),
  );
}

async function compile(source, object, engine, flags) {
  const temporary = `${object}.${process.pid}`;
  const args = ["-std=gnu11", ...warnings, ...flags, "-isystem", engine.include, "-c", source, "-o", temporary];
  try {
    const { stderr } = await promisify(execFile)("gcc", args, { cwd: root });
    if (stderr !== "") process.stderr.write(stderr);
  } catch (error) {
    process.stderr.write(error.stderr ?? "");
    throw new BuildError(`gcc cannot compile ${source}`);
  }
  renameSync(temporary, object);
}

/** The bytecode compiler, built once for each version of its source and of the engine. */
export function bytecodeCompiler(engine) {
  const source = join(native, "compile.c");
  const hash = createHash("sha256")
    .update(readFileSync(source))
    .update(readFileSync(engine.library))
    .digest("hex")
    .slice(0, 20);
  const tool = join(root, "out/build/objects", `compile-${hash}`);
  if (existsSync(tool)) return tool;
  mkdirSync(join(root, "out/build/objects"), { recursive: true });
  const temporary = `${tool}.${process.pid}`;
  run("gcc", [
    "-std=gnu11",
    ...warnings,
    "-O1",
    "-isystem",
    engine.include,
    source,
    engine.library,
    "-lm",
    "-lpthread",
    "-o",
    temporary,
  ]);
  renameSync(temporary, tool);
  return tool;
}

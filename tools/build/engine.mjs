// The JavaScript engine: QuickJS as Debian builds it, because its static library links with any gcc of the last years.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BuildError, root, run } from "./paths.mjs";

/** Fetches the engine once, into out/cache/engine; returns where its header and its static library are. */
export function engine() {
  const into = join(process.env.KATA_CACHE_DIR ?? join(root, "out/cache"), "engine");
  run("tools/apt/fetch-deb.sh", ["--suite", "trixie", "--into", into, "libquickjs"]);
  const triplet = run("gcc", ["-print-multiarch"]).trim();
  const found = {
    include: join(into, "usr/include/quickjs"),
    library: join(into, "usr/lib", triplet, "quickjs/libquickjs.a"),
  };
  for (const path of Object.values(found))
    if (!existsSync(path)) throw new BuildError(`the engine's package has no ${path}`);
  return found;
}

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { emitFile, modulePath } from "./emit.ts";

// Compiles the .proto files of one folder and writes a TypeScript module for each of them and of their imports.
// Usage: generate PROTO_DIR OUT_DIR. Works offline: google.protobuf's own files are part of buf.

const [protoDir, outDir] = process.argv.slice(2);
if (!protoDir || !outDir) throw new Error("Usage: generate PROTO_DIR OUT_DIR");

const require = createRequire(join(process.cwd(), "package.json"));
const buf = join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin/buf");
const image = execFileSync(process.execPath, [buf, "build", protoDir, "-o", "-"], { maxBuffer: 64 << 20 });
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));

const modules = [...registry.files].map((file) => ({ path: join(outDir, modulePath(file)), text: emitFile(file) }));
rmSync(outDir, { recursive: true, force: true });
for (const { path, text } of modules) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
console.log(`${modules.length} modules in ${outDir}`);

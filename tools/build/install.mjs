#!/usr/bin/env node
// `make install`: copies what the build made below DESTDIR/PREFIX, with a configuration that names the installed guest.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, linkSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { root } from "./step.mjs";

const { values } = parseArgs({
  options: { prefix: { type: "string", default: "/usr/local" }, destdir: { type: "string", default: "" } },
});
const { prefix, destdir } = values;
if (!path.isAbsolute(prefix)) {
  console.error(`install: error: PREFIX must be an absolute path; got "${prefix}"`);
  process.exit(2);
}

/** @param {...string} parts */
const target = (...parts) => path.join(destdir, prefix, ...parts);

/**
 * Replaces a file that may be running: a new inode, never a write into the old one.
 * @param {string} from
 * @param {string} to
 */
function installProgram(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  rmSync(to, { force: true });
  copyFileSync(path.join(root, from), to);
  chmodSync(to, 0o755);
}

const [first, ...aliases] = ["kata-ctl", "kata-runtime", "kata-monitor", "containerd-shim-kata-v2"];
installProgram(`out/bin/${first}`, target("bin", first));
for (const alias of aliases) {
  rmSync(target("bin", alias), { force: true });
  linkSync(target("bin", first), target("bin", alias));
}
installProgram("out/libexec/kata-agent", target("libexec/kata-containers/kata-agent"));
installProgram("guest/build.sh", target("libexec/kata-containers/guest/build.sh"));
for (const part of ["lib", "modules.list", "stand-in"]) {
  cpSync(path.join(root, "guest", part), target("libexec/kata-containers/guest", part), { recursive: true });
}
installProgram("tools/apt/fetch-deb.sh", target("libexec/kata-containers/tools/apt/fetch-deb.sh"));
cpSync(path.join(root, "out/guest"), target("share/kata-containers"), { recursive: true });

// What others need to know of us: containerd's drop-ins, Kubernetes' RuntimeClass.
cpSync(path.join(root, "deploy"), target("share/kata-containers/deploy"), { recursive: true });

const configuration = target("share/defaults/kata-containers");
const guest = path.join(prefix, "share/kata-containers");
const { status } = spawnSync(
  process.execPath,
  [path.join(import.meta.dirname, "configuration.mjs"), "--guest", guest, "--output", configuration],
  { stdio: "inherit" },
);
if (status !== 0) process.exit(status ?? 1);
console.error(`install: programs in ${target("bin")}, guest in ${target("share/kata-containers")}`);
console.error(`install: configurations in ${configuration}`);
console.error(`install: for containerd and Kubernetes see ${target("share/kata-containers/deploy")}`);

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Containerd, containerdVersions, startContainerd } from "../support/containerd.ts";
import { type ContainerdVersion, isAtLeast, programsOf } from "../support/containerd-version.ts";
import { cache } from "../support/guest-build.ts";
import { repository } from "../support/kata-ctl.ts";

const deploy = path.join(repository, "deploy");
const read = (file: string) => readFileSync(file, "utf8");

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), "kata-deploy-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What containerd makes of a configuration, with the files that it imports. */
function dump(version: ContainerdVersion, configuration: string): string {
  const file = path.join(directory, "config.toml");
  writeFileSync(file, configuration);
  const program = path.join(programsOf(version), "containerd");
  return execFileSync(program, ["--config", file, "config", "dump"], { encoding: "utf8", stdio: "pipe" });
}

/** The table of the runtime `kata`, in whichever quotes. */
function kataRuntimeOf(dumped: string): string {
  const lines = dumped.replaceAll("'", '"').split("\n");
  const start = lines.findIndex((line) => /\.containerd\.runtimes\.kata\]$/.test(line));
  expect(start).toBeGreaterThan(0);
  const length = lines.slice(start + 1).findIndex((line) => line.trim().startsWith("["));
  return lines.slice(start + 1, start + 1 + length).join("\n");
}

/** With Debian's own configuration, whose CNI directory must stay. */
function configured(version: ContainerdVersion): string {
  const debians = read(path.join(cache, "containerd/1.7/etc/containerd/config.toml"));
  const dropIn = path.join(deploy, "containerd", isAtLeast(version, 2, 0) ? "kata-v3.toml" : "kata-v2.toml");
  if (version === "1.6") return dump(version, debians + read(dropIn).replace(/^version.*$/m, ""));
  const imports = path.join(directory, "conf.d");
  rmSync(imports, { recursive: true, force: true });
  mkdirSync(imports);
  cpSync(dropIn, path.join(imports, "kata.toml"));
  return dump(version, `imports = ["${imports}/*.toml"]\n${debians}`);
}

test.each(containerdVersions)("containerd %s takes the drop-in, beside what it has", (version) => {
  const dumped = configured(version);
  const runtime = kataRuntimeOf(dumped);
  expect(runtime).toContain('runtime_type = "io.containerd.kata.v2"');
  expect(runtime).toContain('pod_annotations = ["io.katacontainers.*"]');
  expect(runtime).toContain("privileged_without_host_devices = true");
  expect(dumped).toContain("/usr/lib/cni");
});

test("the RuntimeClass names containerd's runtime, and the pod the RuntimeClass", () => {
  const runtimeClass = read(path.join(deploy, "kubernetes/runtimeclass.yaml"));
  expect(runtimeClass).toMatch(/^handler: kata$/m);
  const name = /^ {2}name: (\S+)$/m.exec(runtimeClass)?.[1];
  expect(read(path.join(deploy, "kubernetes/pod.yaml"))).toContain(`runtimeClassName: ${name}`);
});

describe("the README", () => {
  const section = read(path.join(repository, "README.md"))
    .split(/^## /m)
    .find((text) => text.startsWith("containerd\n"));
  const commands = (/^```\n(.*?)^```/ms.exec(section ?? "")?.[1] ?? "").split("\n").filter((line) => line !== "");
  let containerd: Containerd;

  beforeAll(async () => {
    containerd = await startContainerd({ version: "1.6", directory: mkdtempSync("/tmp/kata-rd-") });
  });
  afterAll(async () => {
    await containerd.stop();
    rmSync(containerd.directory, { recursive: true, force: true });
  });

  test("its commands for containerd work as written", () => {
    const bin = path.join(directory, "bin");
    mkdirSync(bin);
    // The same words, for a containerd of our own.
    const ctr = `#!/bin/sh\nexec ${path.join(programsOf("1.6"), "ctr")} -a ${containerd.address} "$@"\n`;
    writeFileSync(path.join(bin, "ctr"), ctr, { mode: 0o755 });
    const lines = commands.filter((line) => line.startsWith("ctr "));
    expect(lines.length).toBeGreaterThan(4);
    const output = execFileSync("sh", ["-ec", lines.join("\n")], {
      encoding: "utf8",
      cwd: repository,
      env: { PATH: `${bin}:/usr/bin:/bin` },
    });
    const guest = JSON.parse(read(path.join(repository, "out/guest/manifest.json"))) as {
      kernel: { release: string };
    };
    expect(output).toContain(guest.kernel.release);
  });

  test("names files that `make install` puts there", () => {
    const prefix = path.join(directory, "prefix");
    execFileSync("node", ["tools/build/install.mjs", "--prefix", prefix], { cwd: repository, stdio: "pipe" });
    const named = commands.flatMap((line) => line.match(/\/usr\/local\/\S+/g) ?? []);
    expect(named.length).toBeGreaterThan(0);
    for (const file of named) expect(read(file.replace("/usr/local", prefix))).not.toBe("");
  });
});

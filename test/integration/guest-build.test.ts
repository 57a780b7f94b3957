import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseModuleLine } from "../../src/agent/modules.ts";
import {
  agent,
  buildGuest,
  cache,
  checksums,
  type Manifest,
  moduleDepends,
  readManifest,
  sha256,
  unpackInitrd,
} from "../support/guest-build.ts";

const dir = mkdtempSync(path.join(tmpdir(), "guest-build-"));
const guest = path.join(dir, "guest");
const tree = path.join(dir, "tree");
let manifest: Manifest;

beforeAll(() => {
  expect(buildGuest(["--agent", agent, "--cache", cache, "--output", guest])).toMatchObject({ status: 0 });
  manifest = readManifest(guest);
  const plain = path.join(dir, "plain");
  expect(buildGuest(["--agent", agent, "--cache", cache, "--output", plain, "--compression", "none"])).toMatchObject({
    status: 0,
  });
  mkdirSync(tree);
  unpackInitrd(path.join(plain, "initrd.img"), tree);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the guest", () => {
  test("is the same, byte for byte, wherever, whenever and by whomever it is built", () => {
    const copy = path.join(dir, "another agent");
    copyFileSync(agent, copy);
    utimesSync(copy, 1, 1);
    const again = path.join(dir, "again");
    const prepare = "umask 077; cd /; export TZ=Asia/Tokyo LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=5";
    const args = ["--agent", copy, "--cache", cache, "--output", again, "--force"];
    expect(buildGuest(args, prepare)).toMatchObject({ status: 0 });
    expect(checksums(again)).toEqual(checksums(guest));
  });

  test("is left alone when it is up to date, and built again when a file of it was damaged", () => {
    const args = ["--agent", agent, "--cache", cache, "--output", guest];
    const before = statSync(path.join(guest, "initrd.img"));
    expect(buildGuest(args).stderr).toBe(`guest-build: ${guest} is up to date\n`);
    expect(statSync(path.join(guest, "initrd.img"))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });

    const sums = checksums(guest);
    appendFileSync(path.join(guest, "vmlinux"), "x");
    expect(buildGuest(args)).toMatchObject({ status: 0 });
    expect(checksums(guest)).toEqual(sums);
  });

  test("keeps within its sizes", () => {
    expect(statSync(path.join(guest, "initrd.img")).size).toBeLessThanOrEqual(6 * 1024 * 1024);
    expect(manifest.initrd.unpackedSize).toBeLessThanOrEqual(14 * 1024 * 1024);
  });

  test("has a kernel that starts both ways, of the release that the manifest names", () => {
    const vmlinux = readFileSync(path.join(guest, "vmlinux"));
    expect(vmlinux.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
    expect(vmlinux.includes(`Linux version ${manifest.kernel.release} `)).toBe(true);
    const vmlinuz = readFileSync(path.join(guest, "vmlinuz"));
    expect(vmlinuz.subarray(0x202, 0x206).toString("latin1")).toBe("HdrS");
  });
});

describe("manifest.json", () => {
  test("is complete", () => {
    expect(manifest).toMatchObject({
      version: 1,
      architecture: "amd64",
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      kernel: { flavour: "cloud", release: expect.stringMatching(/^\d+\.\d+\./) },
      agent: { path: "/init", size: statSync(agent).size, sha256: sha256(agent) },
      options: { compression: "lz4", keepSignatures: false, systemd: false, busybox: false },
    });
    expect(manifest.files.map(({ name, format }) => `${name} ${format}`)).toEqual([
      "initrd.img cpio+lz4",
      "vmlinux elf",
      "vmlinuz bzImage",
    ]);
    for (const file of manifest.files) {
      expect(file.sha256).toBe(sha256(path.join(guest, file.name)));
      expect(file.size).toBe(statSync(path.join(guest, file.name)).size);
    }
    expect(new Set(manifest.packages.map(({ role }) => role))).toEqual(new Set(["kernel", "runtime", "tool"]));
    for (const { name, version, sha256: sum } of manifest.packages) {
      expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
      expect(version).not.toBe("");
      expect(sum).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(manifest.packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining([`linux-image-${manifest.kernel.release}`, "crun", "libc6", "lz4"]),
    );
  });

  test("names the packages well enough to build the same again", () => {
    const locked = path.join(dir, "locked");
    const args = [
      "--agent",
      agent,
      "--cache",
      cache,
      "--output",
      locked,
      "--locked",
      path.join(guest, "manifest.json"),
    ];
    expect(buildGuest(args)).toMatchObject({ status: 0 });
    expect(checksums(locked)).toEqual(checksums(guest));
  });
});

describe("the initrd", () => {
  test("has the agent as /init, crun that starts in it, and empty mount points", () => {
    expect(sha256(path.join(tree, "init"))).toBe(sha256(agent));
    expect(statSync(path.join(tree, "init")).mode & 0o777).toBe(0o755);
    for (const name of ["dev", "mnt", "newroot", "proc", "run", "sys", "tmp"])
      expect(readdirSync(path.join(tree, name))).toEqual([]);
    expect(readFileSync(path.join(tree, "etc/passwd"), "utf8")).toMatch(/^root:x:0:0:[^\n]*\n$/);
    expect(readlinkSync(path.join(tree, "lib64"))).toBe("usr/lib64");
    const loader = path.join(tree, "usr/lib64/ld-linux-x86-64.so.2");
    const libraries = path.join(tree, "usr/lib/x86_64-linux-gnu");
    const version = execFileSync(loader, ["--library-path", libraries, path.join(tree, "usr/bin/crun"), "--version"]);
    expect(version.toString()).toMatch(/^crun version /);
  });

  test("has nothing that could differ between builds", () => {
    const entries = readdirSync(tree, { recursive: true, encoding: "utf8" }).map((name) =>
      lstatSync(path.join(tree, name)),
    );
    expect(entries.filter((entry) => entry.isBlockDevice() || entry.isCharacterDevice())).toEqual([]);
    expect(new Set(entries.filter((entry) => entry.isFile()).map((entry) => entry.mtimeMs))).toEqual(new Set([0]));
  });
});

describe("the module table", () => {
  const moduleDir = path.join(tree, "usr/lib/kata/modules");

  test("is what the agent can read, and what the manifest says", () => {
    const text = readFileSync(path.join(moduleDir, "table"), "utf8");
    expect(text.length).toBeLessThanOrEqual(64 * 1024);
    const table = text.trimEnd().split("\n").map(parseModuleLine);
    expect(table.map(({ name, file, dependencies }) => ({ name, file: file ?? null, dependencies }))).toEqual(
      manifest.modules.map(({ name, file, dependencies }) => ({ name, file, dependencies })),
    );
    const files = readdirSync(moduleDir).filter((name) => name !== "table");
    expect(files.sort()).toEqual(manifest.modules.flatMap(({ file }) => file ?? []).sort());
  });

  test("lists every dependency before its user, complete and in load order", () => {
    const earlier = new Map<string, ReadonlySet<string>>();
    for (const { name, file, dependencies } of manifest.modules) {
      const loaded = new Set<string>();
      for (const dependency of dependencies) {
        const needs = earlier.get(dependency);
        expect(needs, `${name} needs ${dependency}, which is not earlier`).toBeDefined();
        for (const need of needs ?? []) expect(loaded, `${name}: ${dependency} needs ${need} first`).toContain(need);
        loaded.add(dependency);
      }
      const said = file === null ? [] : moduleDepends(path.join(moduleDir, file));
      // What is missing there must be built in: no file, no line.
      for (const need of said) if (earlier.has(need)) expect(loaded, `${name} says it needs ${need}`).toContain(need);
      earlier.set(name, loaded);
    }
  });

  test("has what leads to the host, and the file systems and devices of the storages", () => {
    const when = Object.fromEntries(manifest.modules.map((module) => [module.name, module.when]));
    expect(when).toMatchObject({
      virtio_pci: "bus:pci",
      virtio_mmio: "bus:mmio",
      virtio_net: "virtio:1",
      virtio_blk: "virtio:2",
      virtio_console: "virtio:3",
      virtio_rng: "virtio:4",
      virtio_scsi: "virtio:8",
      vmw_vsock_virtio_transport: "virtio:19",
      virtiofs: "virtio:26",
      overlay: "lazy",
      erofs: "lazy",
      ext4: "lazy",
      sd_mod: "lazy",
      nd_pmem: "lazy",
      dm_verity: "lazy",
    });
  });

  test("has modules without signatures", () => {
    for (const { file } of manifest.modules)
      if (file !== null)
        expect(readFileSync(path.join(moduleDir, file)).subarray(-28).toString("latin1")).not.toBe(
          "~Module signature appended~\n",
        );
  });
});

describe("bad input", () => {
  const args = (extra: readonly string[]) => ["--cache", cache, "--output", path.join(dir, "bad"), ...extra];

  test("an agent that is missing, no program, or not static is refused by name", () => {
    expect(buildGuest(args(["--agent", "/nowhere/agent"]))).toEqual({
      status: 1,
      stderr:
        "guest-build: error: the agent /nowhere/agent does not exist\n  stage   check-agent\n" +
        "  hint    build it first (make build), or name another with --agent\n",
    });
    const text = path.join(dir, "text");
    writeFileSync(text, "#!/bin/sh\n");
    expect(buildGuest(args(["--agent", text])).stderr).toContain(`the agent ${text} is not an ELF program for amd64`);
    expect(buildGuest(args(["--agent", "/bin/ls"])).stderr).toContain("the agent /bin/ls is not static");
    expect(existsSync(path.join(dir, "bad/manifest.json"))).toBe(false);
  });

  test.each([
    [[], /option --agent is required/],
    [["--agent"], /option --agent needs a value/],
    [["--agent", agent, "--compression", "rar"], /--compression must be lz4, gzip, zstd or none, got 'rar'/],
    [["--agent", agent, "--kernel-flavour", "x"], /--kernel-flavour must be cloud or generic, got 'x'/],
    [["--agent", agent, "--module", "../x"], /not a module name/],
    [["--agent", agent, "extra"], /unknown argument 'extra'/],
  ] as const)("wrong usage %j ends with status 2", (extra, message) => {
    const { status, stderr } = buildGuest(extra);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("a module that the kernel does not have is refused", () => {
    const { status, stderr } = buildGuest(args(["--agent", agent, "--module", "no_such_module"]));
    expect(status).toBe(1);
    expect(stderr).toContain(`the kernel ${manifest.kernel.release} has no module no_such_module`);
  });

  test("a package that was changed after its download is refused, and the guest stays as it was", () => {
    const private_ = path.join(dir, "cache");
    cpSync(path.join(cache, "guest/debs"), path.join(private_, "guest/debs"), { recursive: true });
    const output = path.join(dir, "kept");
    const build = ["--agent", agent, "--cache", private_, "--output", output, "--offline"];
    expect(buildGuest(build)).toMatchObject({ status: 0 });
    const sums = checksums(output);

    const debs = path.join(private_, "guest/debs");
    const deb = path.join(debs, readdirSync(debs).find((name) => name.startsWith("crun_")) ?? "");
    const sum = sha256(deb);
    appendFileSync(deb, "x");
    const refused = buildGuest([...build, "--force"]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`checksum mismatch: ${deb} has SHA-256 ${sha256(deb)}, expected ${sum}`);
    expect(refused.stderr).toContain("  stage   verify-packages\n");

    rmSync(deb);
    expect(buildGuest(build).stderr).toContain(`${deb} is missing`);
    expect(checksums(output)).toEqual(sums);
  });
});

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

// An archive on disk, and an /etc/apt that names it: nothing here needs the network.
const root = path.resolve(import.meta.dirname, "../..");
const tool = path.join(root, "tools/apt/fetch-deb.sh");
const dir = mkdtempSync(path.join(tmpdir(), "fetch-deb-"));
const archive = path.join(dir, "archive");
const sources = path.join(dir, "etc/apt/sources.list.d");
const cache = path.join(dir, "cache");
const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
const architecture = execFileSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).trim();
let into: string;
let counter = 0;

const sum = (data: Buffer | string) => createHash("sha256").update(data).digest("hex");

interface Package {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
}

function addPackage({ name, version, depends }: Package): string {
  const tree = path.join(dir, "tree");
  mkdirSync(path.join(tree, "DEBIAN"), { recursive: true });
  mkdirSync(path.join(tree, "usr/share", name), { recursive: true });
  writeFileSync(path.join(tree, "usr/share", name, "version"), version);
  const fields = [`Package: ${name}`, `Version: ${version}`, `Architecture: ${architecture}`, "Maintainer: a <a@b>"];
  if (depends !== undefined) fields.push(`Depends: ${depends}`);
  fields.push("Description: test", "");
  writeFileSync(path.join(tree, "DEBIAN/control"), fields.join("\n"));
  const file = `pool/${name}_${version}_${architecture}.deb`;
  mkdirSync(path.join(archive, "pool"), { recursive: true });
  execFileSync("dpkg-deb", ["--root-owner-group", "-b", tree, path.join(archive, file)], { stdio: "pipe" });
  rmSync(tree, { recursive: true });
  const data = readFileSync(path.join(archive, file));
  const index = [`Filename: ${file}`, `Size: ${data.length}`, `SHA256: ${sum(data)}`];
  return [...fields.slice(0, -1), ...index, "", ""].join("\n");
}

function writeSuite(suite: string, packages: readonly Package[]): void {
  const place = path.join(archive, "dists", suite);
  const name = `main/binary-${architecture}/Packages`;
  const text = packages.map(addPackage).join("");
  mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
  writeFileSync(path.join(place, name), text);
  const release = [`Suite: ${suite}`, `Codename: ${suite}`, `Architectures: ${architecture}`, "Components: main"];
  const date = new Date().toUTCString().replace("GMT", "UTC");
  release.push(`Date: ${date}`, "SHA256:", ` ${sum(text)} ${text.length} ${name}`, "");
  writeFileSync(path.join(place, "Release"), release.join("\n"));
}

function useSources(name: string, text: string): void {
  rmSync(sources, { recursive: true, force: true });
  mkdirSync(sources, { recursive: true });
  writeFileSync(path.join(sources, name), text);
}

const environment = { ...process.env, APT_CONFIG: path.join(dir, "apt.conf"), KATA_CACHE_DIR: cache };

function fetch(...args: string[]) {
  const all = ["--into", into, ...args];
  const { status, stdout, stderr } = spawnSync(tool, all, { encoding: "utf8", env: environment });
  return { status, stdout, stderr };
}

const content = (name: string) => readFileSync(path.join(into, "usr/share", name, "version"), "utf8");

beforeAll(() => {
  writeSuite(codename, [
    { name: "alpha", version: "1.0", depends: "beta" },
    { name: "beta", version: "1.0" },
    { name: "alpha-meta", version: "7", depends: "alpha-1-real, beta" },
    { name: "alpha-1-real", version: "1" },
  ]);
  writeSuite("otherrelease", [{ name: "alpha", version: "2.0" }]);
  writeSuite("sid", [{ name: "alpha", version: "3.0" }]);
  writeSuite(`${codename}-backports`, [{ name: "alpha", version: "1.5~bpo" }]);
  // apt reads this before its own directory, and the machine's own settings must not get in.
  writeFileSync(path.join(dir, "apt.conf"), `Dir::Etc "${path.join(dir, "etc/apt")}";\n`);
  useSources("debian.list", `deb [trusted=yes] file:${archive} ${codename} main contrib # a comment\n`);
});
beforeEach(() => {
  into = path.join(dir, `into-${counter++}`);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("suites", () => {
  test.each([
    ["own", "1.0"],
    [codename, "1.0"],
    ["otherrelease", "2.0"],
    ["sid", "3.0"],
    [`${codename}-backports`, "1.5~bpo"],
  ])("%s gives alpha %s", (suite, version) => {
    expect(fetch("--suite", suite, "alpha")).toMatchObject({ status: 0 });
    expect(content("alpha")).toBe(version);
  });

  test("deb822 sources do as well, and disabled ones are not read", () => {
    const stanza = (suite: string, more: string) =>
      `# comment\nTypes: deb deb-src\nURIs:\n file:${archive}\nSuites: ${suite}\nComponents: contrib main\nTrusted: yes\n${more}\n`;
    useSources("debian.sources", stanza("nowhere", "") + stanza(codename, "Enabled: no\n") + stanza(codename, ""));
    try {
      expect(fetch("--suite", "otherrelease", "alpha")).toMatchObject({ status: 0 });
      expect(content("alpha")).toBe("2.0");
    } finally {
      useSources("debian.list", `deb [trusted=yes] file:${archive} ${codename} main\n`);
    }
  });

  test("without a source for the machine's release it says so", () => {
    useSources("debian.list", `deb [trusted=yes] file:${archive} other main\n# deb file:${archive} ${codename} main\n`);
    try {
      const { status, stderr } = fetch("--suite", "sid", "alpha");
      expect(status).toBe(1);
      expect(stderr).toContain(`no apt source of this machine serves ${codename} main`);
    } finally {
      useSources("debian.list", `deb [trusted=yes] file:${archive} ${codename} main\n`);
    }
  });
});

describe("requests", () => {
  test("a repeated one is answered from its record: nothing is asked, nothing is touched", () => {
    const first = fetch("--print", "alpha");
    expect(first.stdout).toMatch(/^alpha 1\.0 [0-9a-f]{64} alpha_1\.0_\w+\.deb\n$/);
    const before = statSync(path.join(into, "usr/share/alpha/version"));
    const second = fetch("--print", "--offline", "alpha");
    expect(second).toEqual({ status: 0, stdout: first.stdout, stderr: "" });
    expect(statSync(path.join(into, "usr/share/alpha/version")).ctimeMs).toBe(before.ctimeMs);
  });

  test("--with-depends takes the closure, --follow the package behind a meta package", () => {
    expect(fetch("--with-depends", "alpha").status).toBe(0);
    expect([content("alpha"), content("beta")]).toEqual(["1.0", "1.0"]);
    into = path.join(dir, `into-${counter++}`);
    expect(fetch("--follow", "--print", "alpha-meta").stdout).toMatch(/^alpha-1-real 1 /);
    expect(readdirSync(path.join(into, "usr/share"))).toEqual(["alpha-1-real"]);
  });

  test("--download-only keeps the files", () => {
    expect(fetch("--download-only", "alpha=1.0").status).toBe(0);
    expect(readdirSync(into).sort()).toEqual([".fetch-deb", `alpha_1.0_${architecture}.deb`]);
  });

  test("parallel ones wait for each other, and only the first asks", async () => {
    const runs = Array.from({ length: 6 }, () => {
      const child = spawn(tool, ["--into", into, "--print", "beta"], { env: environment });
      let stderr = "";
      child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
      return new Promise<{ status: number | null; stderr: string }>((resolve) =>
        child.on("close", (status) => resolve({ status, stderr })),
      );
    });
    const ended = await Promise.all(runs);
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(ended.filter(({ stderr }) => stderr.includes("fetching beta"))).toHaveLength(1);
    expect(readdirSync(path.join(into, ".fetch-deb")).filter((name) => name.startsWith("work"))).toEqual([]);
  });
});

describe("bad input and faults", () => {
  test.each([
    [["nosuch"], "package nosuch is not in suite own", 1],
    [["--with-depends", "nosuch"], "Unable to locate package nosuch", 1],
    [["alpha=9"], "Version '9' for 'alpha' was not found", 1],
    [["--suite", "nowhere", "alpha"], "the package lists of nowhere cannot be read", 1],
    [["--offline", "beta"], "--offline forbids the network", 1],
    [["--suite", "../x", "beta"], "suite must be", 2],
    [["a;b"], "not a package name: 'a;b'", 2],
    [["--bad", "beta"], "unknown option --bad", 2],
    [[], "no package named", 2],
  ] as const)("%j: %s", (args, message, code) => {
    const { status, stderr } = fetch(...args);
    expect(stderr).toContain(message);
    expect(status).toBe(code);
  });

  test("a package that is not what the archive's index says is refused and not unpacked", () => {
    writeSuite("tampered", [{ name: "gamma", version: "1" }]);
    const deb = path.join(archive, `pool/gamma_1_${architecture}.deb`);
    chmodSync(deb, 0o644);
    appendFileSync(deb, "x");
    const { status, stderr } = fetch("--suite", "tampered", "gamma");
    expect(status).toBe(1);
    expect(stderr).toMatch(/unexpected size|Hash Sum mismatch/);
    expect(existsSync(path.join(into, "usr"))).toBe(false);
  });

  test("an unsigned archive that the machine does not trust is refused", () => {
    useSources("debian.list", `deb file:${archive} ${codename} main\n`);
    try {
      const { status, stderr } = fetch("--suite", "otherrelease", "alpha");
      expect(status).toBe(1);
      expect(stderr).toMatch(/is not signed|does not have a Release file/);
    } finally {
      useSources("debian.list", `deb [trusted=yes] file:${archive} ${codename} main\n`);
    }
  });
});

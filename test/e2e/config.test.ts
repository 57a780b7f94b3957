import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CommandResult, kataCtl, repository, runCommand } from "../support/kata-ctl.ts";

const built = path.join(repository, "out/etc/kata-containers/configuration.toml");

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "kata-config-"));
  file = path.join(directory, "configuration.toml");
});
afterEach(() => rmSync(directory, { recursive: true }));

function config(...words: string[]): Promise<CommandResult> {
  return runCommand(kataCtl, ["--config", file, "config", ...words]);
}

interface FindingJson {
  readonly severity: string;
  readonly line: number;
  readonly key: string;
  readonly text: string;
  readonly suggestion: string | null;
}

/** A line that is wrong, in the place of the one of the built configuration that begins in the same way. */
interface Mistake {
  readonly key: string;
  readonly wrong: string;
  /** What the message must say beside file, line and key. */
  readonly says: RegExp;
  /** The correction that somebody makes who has nothing but the message. */
  readonly correct: (finding: FindingJson, line: string) => string;
}

const suggested = (finding: FindingJson, line: string) =>
  line.replace(/(?<== *).*$/, finding.suggestion ?? "nothing was suggested");

const mistakes: readonly Mistake[] = [
  {
    key: "hypervisor.qemu.shared_fs",
    wrong: 'shared_fs = "virtiofs"',
    says: /must be one of virtio-fs, .*; got "virtiofs" \(did you mean "virtio-fs"\?\)/,
    correct: suggested,
  },
  {
    key: "hypervisor.qemu.defalt_vcpus",
    wrong: "defalt_vcpus = 2",
    says: /is not a known key and is ignored \(did you mean default_vcpus\?\)/,
    correct: ({ suggestion }, line) => line.replace("defalt_vcpus", suggestion ?? "nothing was suggested"),
  },
  {
    key: "hypervisor.qemu.default_memory",
    wrong: 'default_memory = "512"',
    says: /must be a whole number .*; got "512"/,
    correct: (_, line) => line.replaceAll('"', ""),
  },
  {
    key: "hypervisor.qemu.kernel",
    wrong: 'kernel = "/nowhere/vmlinux"',
    says: /must exist on this host; got "\/nowhere\/vmlinux"/,
    correct: (_, line) => line.replace("/nowhere", path.join(repository, "out/guest")),
  },
  {
    key: "runtime.internetworking_model",
    wrong: 'internetworking_model = "tcfiler"',
    says: /must be one of .*tcfilter.*; got "tcfiler" \(did you mean "tcfilter"\?\)/,
    correct: suggested,
  },
];

/** The built configuration with every mistake in it. */
function plant(): Map<string, number> {
  const lines = readFileSync(built, "utf8").split("\n");
  const places = new Map<string, number>();
  for (const { key, wrong } of mistakes) {
    const name = key === "hypervisor.qemu.defalt_vcpus" ? "default_vcpus" : (key.split(".").at(-1) ?? "");
    const index = lines.findIndex((line) => line.startsWith(`${name} = `));
    expect(index, `${name} in ${built}`).toBeGreaterThan(0);
    lines[index] = wrong;
    places.set(key, index + 1);
  }
  writeFileSync(file, lines.join("\n"));
  return places;
}

describe("kata-ctl config validate", () => {
  test("finds nothing in the configuration that was built", async () => {
    writeFileSync(file, readFileSync(built));
    const { code, stderr, stdout } = await config("validate");
    expect([code, stderr, stdout]).toEqual([0, "", `${file}: valid\n`]);
  });

  test("names five mistakes at their lines, and correcting them by the messages is enough", async () => {
    const places = plant();
    const text = await config("validate");
    expect([text.code, text.stderr]).toEqual([1, ""]);
    for (const { key, says } of mistakes) {
      const line = text.stdout.split("\n").find((one) => one.includes(`  ${key}: `));
      expect(line).toMatch(says);
      expect(line).toContain(`${file}:${places.get(key)}:`);
    }
    const [result] = JSON.parse((await config("validate", "--json")).stdout) as [{ findings: FindingJson[] }];
    const lines = readFileSync(file, "utf8").split("\n");
    for (const { key, correct } of mistakes) {
      const finding = result.findings.find((one) => one.key === key);
      if (finding === undefined) throw new Error(`${key} is not named`);
      lines[finding.line - 1] = correct(finding, lines[finding.line - 1] ?? "");
    }
    writeFileSync(file, lines.join("\n"));
    const corrected = await config("validate");
    expect([corrected.code, corrected.stdout]).toEqual([0, `${file}: valid\n`]);
  });

  test("takes files as arguments, and leaves this host out of it", async () => {
    plant();
    const { code, stdout } = await runCommand(kataCtl, ["config", "validate", "--no-host", file, built]);
    expect(code).toBe(1);
    expect(stdout).not.toContain("/nowhere");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(`${built}: valid`);
  });
});

describe("kata-ctl config show", () => {
  test("prints every effective value with its origin, and TOML that says the same again", async () => {
    writeFileSync(file, readFileSync(built));
    mkdirSync(path.join(directory, "config.d"));
    writeFileSync(path.join(directory, "config.d/10-mine.toml"), "[hypervisor.qemu]\n\ndefault_memory = 700\n");
    const settings = JSON.parse((await config("show", "--json")).stdout) as {
      key: string;
      value: unknown;
      origin: { kind: string; file?: string; line?: number };
    }[];
    expect(settings.length).toBeGreaterThan(100);
    expect(settings.find(({ key }) => key === "hypervisor.qemu.default_memory")).toEqual({
      key: "hypervisor.qemu.default_memory",
      value: 700,
      origin: {
        kind: "file",
        dropIn: true,
        file: path.join(directory, "config.d/10-mine.toml"),
        line: 3,
        column: 18,
      },
    });
    const { stdout } = await config("show");
    expect(stdout).toMatch(/^default_memory = 700 +# config\.d\/10-mine\.toml:3$/m);
    rmSync(path.join(directory, "config.d"), { recursive: true });
    writeFileSync(file, stdout);
    const again = JSON.parse((await config("show", "--json")).stdout) as typeof settings;
    expect(again.map(({ key, value }) => [key, value])).toEqual(settings.map(({ key, value }) => [key, value]));
  });

  test("tells what a pod's annotation would do", async () => {
    writeFileSync(
      file,
      `${readFileSync(built, "utf8").replace(/^#? ?enable_annotations = .*$/m, 'enable_annotations = ["default_vcpus"]')}`,
    );
    const name = "io.katacontainers.config.hypervisor.default_vcpus";
    const allowed = await config("show", "--set-only", "--annotation", `${name}=3`);
    expect(allowed.stdout).toMatch(new RegExp(`^default_vcpus = 3 +# annotation ${name}$`, "m"));
    expect([allowed.code, allowed.stderr]).toEqual([0, ""]);
    const refused = await config("show", "--annotation", "io.katacontainers.config.hypervisor.default_memory=4096");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/default_memory.*enable_annotations/);
  });
});

test("kata-ctl config explain tells about a key, and what it is here", async () => {
  writeFileSync(file, readFileSync(built));
  const { code, stdout } = await config("explain", "hypervisor.default_memory");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^hypervisor\.NAME\.default_memory\n/);
  expect(stdout).toMatch(/unit +MiB/);
  expect(stdout).toMatch(/here +512 {2}\(configuration\.toml:\d+\)/);
  const unknown = await config("explain", "defalt_memory");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("did you mean default_memory?");
});

test("kata-ctl config diff compares with the defaults and with another file", async () => {
  writeFileSync(file, readFileSync(built));
  const other = path.join(directory, "other.toml");
  writeFileSync(other, readFileSync(built, "utf8").replace(/^default_memory = .*$/m, "default_memory = 1024"));
  const defaults = await config("diff");
  expect(defaults.stdout).toMatch(
    /^hypervisor\.qemu\.default_memory\n {2}- 2048 +# default\n {2}\+ 512 +# configuration\.toml:\d+$/m,
  );
  const files = await config("diff", "--exit-code", other);
  expect(files.code).toBe(1);
  expect(files.stdout.split("\n").filter((line) => line.startsWith("hypervisor"))).toEqual([
    "hypervisor.qemu.default_memory",
  ]);
  expect(await config("diff", "--exit-code", file)).toMatchObject({ code: 0, stdout: "" });
});

test("kata-ctl config paths shows what is read and what is not", async () => {
  writeFileSync(file, readFileSync(built));
  mkdirSync(path.join(directory, "config.d"));
  writeFileSync(path.join(directory, "config.d/20-b.toml"), "");
  writeFileSync(path.join(directory, "config.d/10-a.toml"), "");
  writeFileSync(path.join(directory, "config.d/notes.txt"), "");
  const { code, stdout } = await config("paths", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    flag: file,
    used: file,
    dropIns: ["10-a.toml", "20-b.toml"].map((name) => path.join(directory, "config.d", name)),
    notRead: [{ path: path.join(directory, "config.d/notes.txt") }],
  });
  const alias = await runCommand(kataCtl, ["--kata-config", file, "config", "paths"]);
  expect(alias.stdout).toContain("10-a.toml");
  const shown = await runCommand(kataCtl, ["--show-default-config-paths"]);
  expect(shown.stdout.split("\n")).toContain("/etc/kata-containers/configuration.toml");
});

test("kata-ctl config schema is the page of the documentation", async () => {
  const committed = JSON.parse(readFileSync(path.join(repository, "docs/configuration.schema.json"), "utf8"));
  expect(JSON.parse((await config("schema")).stdout)).toEqual(committed);
});

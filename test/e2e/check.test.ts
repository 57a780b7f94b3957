import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository, runCommand, TestHost } from "../support/kata-ctl.ts";

interface Check {
  readonly id: string;
  readonly title: string;
  readonly needed: string;
  readonly result: string;
  readonly reason: string;
  readonly remedy: string | null;
  readonly details: readonly string[];
}
interface Report {
  readonly ok: boolean;
  readonly canCreate: boolean;
  readonly checks: readonly Check[];
}

const installed = path.join(repository, "out/etc/kata-containers/configuration.toml");
/** The rule by which the runtime decides, too: a CPU without virtualization has no KVM, whatever /dev/kvm says. */
const virtualization = /^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));

let host: TestHost;
beforeAll(() => {
  host = new TestHost();
});
afterAll(() => host.remove());

/** A copy of the installed configuration with other values in [hypervisor.qemu]. */
function changed(name: string, toml: string): string {
  const file = path.join(host.root, `${name}.toml`);
  const lines = readFileSync(installed, "utf8").split("\n");
  const keys = toml.split("\n").map((line) => line.split(" =")[0]);
  // A key of the same name stands in one table only, as far as these tests go.
  const rest = lines.filter((line) => !keys.some((key) => line.startsWith(`${key} =`)));
  writeFileSync(file, rest.join("\n").replace("[hypervisor.qemu]", `[hypervisor.qemu]\n${toml}`));
  return file;
}

async function report(...words: string[]): Promise<{ readonly code: number; readonly report: Report }> {
  const { code, stderr, stdout } = await host.ctl(["check", "--json", ...words]);
  expect(stderr).toBe("");
  return { code, report: JSON.parse(stdout) as Report };
}

const found = ({ checks }: Report, id: string) => checks.find((check) => check.id === id);

describe("check", () => {
  test("says that this host, on which all the other tests run, can create containers", async () => {
    const { code, stderr, stdout } = await host.ctl(["check"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^RESULT +CHECK +REASON\nok +configuration +\//);
    expect(
      stdout.endsWith("System is capable of running Kata Containers\nSystem can currently create Kata Containers\n"),
    ).toBe(true);
  });

  test("gives the same as JSON, with every result's reason", async () => {
    const { code, report: whole } = await report();
    expect(code).toBe(0);
    expect(whole).toMatchObject({ ok: true, canCreate: true });
    for (const check of whole.checks) {
      expect(Object.keys(check)).toEqual(["id", "title", "needed", "result", "reason", "remedy", "details"]);
      expect(check.result, JSON.stringify(check)).not.toBe("failed");
      expect(check.reason).not.toBe("");
      if (check.result === "warning") expect(check.remedy, check.id).not.toBeNull();
    }
    expect(found(whole, "hypervisor")?.reason).toMatch(/^QEMU \d+\.\d+/);
    expect(found(whole, "guest-content")?.reason).toMatch(/^crun \d/);
    expect(found(whole, "kvm-is-usable")?.result).toBe(virtualization ? "ok" : "warning");
  });

  test("--strict fails when anything warns", async () => {
    const lenient = await report();
    const strict = await report("--strict");
    const warns = lenient.report.checks.some(({ result }) => result === "warning");
    expect(strict.report.ok).toBe(!warns);
    expect(strict.code).toBe(warns ? 1 : 0);
    if (!virtualization) expect(warns).toBe(true);
  });

  test("names the place of a mistake in the configuration", async () => {
    const file = changed("mistake", 'shared_fs = "virtiofs"');
    const { code, stderr, stdout } = await host.ctl(["--config", file, "check"]);
    expect([code, stderr]).toEqual([1, "ERROR: System is not capable of running Kata Containers\n"]);
    expect(stdout.replace(/\s+/g, " ")).toMatch(/failed configuration .*mistake\.toml:\d+:\d+ .*shared_fs/);
    expect(stdout).toMatch(/^skipped +\d+ more +they need a configuration that loads$/m);
  });

  test("finds a kernel that is missing and a hypervisor that is not one", async () => {
    const file = changed("files", 'kernel = "/nowhere/vmlinux"\npath = "/bin/true"');
    const { code, report: whole } = await report("--config", file);
    expect(code).toBe(1);
    expect(whole).toMatchObject({ ok: false, canCreate: false });
    const failed = whole.checks.filter(({ result }) => result === "failed").map(({ reason }) => reason);
    expect(failed.join("\n")).toContain("/nowhere/vmlinux");
    expect(failed.join("\n")).toContain("/bin/true");
  });

  test('accelerator = "kvm" fails where there is no KVM', async () => {
    const { code, report: whole } = await report("--config", changed("kvm", 'accelerator = "kvm"'));
    expect(code).toBe(virtualization ? 0 : 1);
    expect(found(whole, "kvm-is-usable")?.result).toBe(virtualization ? "ok" : "failed");
    const without = await report("--config", changed("tcg", 'accelerator = "tcg"'));
    expect(without.code).toBe(0);
    expect(found(without.report, "kvm-is-usable")?.result).toBe("skipped");
  });

  test("looks at what the documentation says", async () => {
    const list = JSON.parse((await host.must(["check", "list", "--json"])).stdout) as { readonly id: string }[];
    const page = readFileSync(path.join(repository, "docs/troubleshooting.md"), "utf8");
    const table = page.slice(page.indexOf("| id | what is looked at |")).split("\n\n")[0] ?? "";
    const named = table.split("\n").flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)]);
    expect(named.map(([, id]) => id)).toEqual(list.map(({ id }) => id));
  });

  test("works as kata-runtime and for somebody who is not root", async () => {
    const runtime = path.join(repository, "out/bin/kata-runtime");
    expect((await runCommand(runtime, ["kata-check", "-n"])).stdout).toContain("System is capable");
    const nobody = await runCommand("setpriv", ["--reuid", "65534", "--clear-groups", runtime, "check", "--json"]);
    expect(nobody.code).toBeLessThanOrEqual(1);
    expect(JSON.parse(nobody.stdout)).toMatchObject({ canCreate: false });
  });
});

describe("env", () => {
  test("prints upstream's tables as TOML, and the same as JSON", async () => {
    const toml = (await host.must(["env"])).stdout;
    const headers = toml.match(/^\[.*\]$/gm);
    expect(headers?.slice(0, 5)).toEqual(["[Kernel]", "[Meta]", "[Image]", "[Initrd]", "[Hypervisor]"]);
    const json = JSON.parse((await host.must(["env", "--json"])).stdout) as Record<string, Record<string, unknown>>;
    expect(json.Hypervisor?.Version).toMatch(/^QEMU emulator version /);
    expect(json.Hypervisor?.Accelerator).toBe(virtualization ? "kvm" : "tcg");
    expect(json.Runtime?.Config).toEqual({ Path: installed });
    expect(toml).toContain(`Path = "${installed}"\n`);
  });

  test("a configuration that does not load is an error that names the place", async () => {
    const { code, stderr, stdout } = await host.ctl(["--config", changed("env", 'machine_type = "pc"'), "env"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/env\.toml:\d+:\d+ .*machine_type/);
  });
});

import { beforeEach, expect, test } from "vitest";
import { utf8Encode } from "../../../base/bytes.ts";
import { FakeConsole } from "../../testing/fake-console.ts";
import { type CheckReport, runChecks } from "./handler.ts";
// Here already: the fake's time does not wait for modules that are loaded late.
import "./index.ts";
import type { Probe } from "./probe.ts";
import { probes } from "./probes.ts";
import { HealthyHost } from "./testing/healthy-host.ts";

let shell: FakeConsole;
let host: HealthyHost;
beforeEach(() => {
  shell = new FakeConsole();
  host = new HealthyHost(shell.sys);
  const { processes } = shell.sys.fake;
  processes.onSpawn = ({ options, pid }) => {
    const line = host.programs.get(options.path) ?? "";
    shell.sys.write(options.fds?.[1] ?? -1, utf8Encode(`${line}\nmore\n`));
    void Promise.resolve().then(() => processes.exit(pid, { kind: "exited", code: 0 }));
  };
});

const check = (...words: string[]) => shell.run("--config", "/etc/kata.toml", ...words);
const verdicts = {
  capable: "System is capable of running Kata Containers\n",
  create: "System can currently create Kata Containers\n",
  not: "ERROR: System is not capable of running Kata Containers\n",
};

test("a healthy host is one, by every name of the command", async () => {
  const { code, stderr, stdout } = await check("check");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.endsWith(`\n\n${verdicts.capable}${verdicts.create}`)).toBe(true);
  expect(stdout).toMatchSnapshot();
  expect((await check("doctor", "--strict")).stdout).toBe(stdout);
  expect((await check("kata-check", "--strict")).code).toBe(0);
});

test("warnings fail with --strict only, and say what to do", async () => {
  shell.sys.unlink("/dev/kvm");
  const { code, stderr, stdout } = await check("check");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/\nwarning {3}KVM .* TCG will be used, 10 to 30 times\s+slower\n {2,}fix: /);
  for (const flag of ["--strict", "-s"]) {
    const strict = await check("check", flag);
    expect([strict.code, strict.stderr]).toEqual([1, verdicts.not]);
    expect(strict.stdout).not.toContain("System");
    expect(strict.stdout).toContain("\n1 warning counts as a failure, as --strict demands\n");
  }
});

test("a broken configuration fails, and hides nothing that does not need it", async () => {
  shell.sys.fake.addFile("/etc/kata.toml", '[hypervisor.qemu]\nmachine_type = "pc"\n');
  const { code, stderr, stdout } = await check("check");
  expect([code, stderr]).toEqual([1, verdicts.not]);
  expect(stdout).toMatch(/\nfailed {4}configuration [\s\S]*machine_type/);
  expect(stdout).toMatch(/\nskipped {3}9 more +they need a configuration that loads\n\n/);
  expect((await check("check", "-v")).stdout).toMatch(/\nskipped {3}hypervisor +the configuration does not load\n/);
  expect(stdout).toMatch(/\nok {8}KVM /);
});

test("who is not root is not told that containers can be created", async () => {
  host.withoutRoot();
  const { code, stdout } = await check("check");
  expect(code).toBe(0);
  expect(stdout.endsWith(`\n\n${verdicts.capable}`)).toBe(true);
  expect(JSON.parse((await check("check", "--json")).stdout)).toMatchObject({ ok: true, canCreate: false });
});

test.each([
  ["/dev/kvm", "kvm-is-usable"],
  ["/dev/net/tun", "network"],
  ["/dev/urandom", "entropy"],
  ["/guest/vmlinux", "guest-kernel"],
])("who is not root is told to ask as root about %s", async (path, id) => {
  host.withoutRoot();
  shell.sys.fake.fail("open", { code: "EACCES", when: (opened) => opened === path });
  const { checks } = JSON.parse((await check("check", "--json")).stdout) as CheckReport;
  const { reason, remedy, result } = checks.find((one) => one.id === id) ?? {};
  expect([result, reason, remedy]).toEqual([
    "skipped",
    expect.stringContaining(path),
    expect.stringMatching(/as root/),
  ]);
});

test("--json has the whole report", async () => {
  shell.sys.unlink("/dev/kvm");
  const { code, stdout } = await check("check", "--json");
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as CheckReport;
  expect(Object.keys(report)).toEqual(["ok", "canCreate", "checks"]);
  expect(report).toMatchObject({ ok: true, canCreate: true });
  expect(report.checks.map(({ id }) => id)).toEqual(probes.map(({ id }) => id));
  expect(report.checks.find(({ id }) => id === "kvm-is-usable")).toEqual({
    id: "kvm-is-usable",
    title: "KVM",
    needed: "required",
    result: "warning",
    reason: expect.any(String),
    remedy: expect.any(String),
    details: [],
  });
  expect(report.checks.find(({ id }) => id === "hypervisor")).toMatchObject({ result: "ok", remedy: null });
  const strict = await check("--json", "check", "--strict");
  expect([strict.code, strict.stderr]).toEqual([1, ""]);
  expect(JSON.parse(strict.stdout)).toMatchObject({ ok: false, canCreate: false });
});

test("--verbose has details also of what is fine", async () => {
  expect((await check("check")).stdout).not.toContain("/usr/bin/qemu-system-x86_64");
  expect((await check("check", "-v")).stdout).toMatch(/QEMU 7.2.22\n +\/usr\/bin\/qemu-system-x86_64\n/);
});

test("the network's words are accepted, and no network is used", async () => {
  const plain = await check("check");
  for (const words of [["all"], ["no-network-checks"], ["--no-network-checks"], ["-n"], ["--include-all-releases"]]) {
    expect(await check("check", ...words)).toEqual(plain);
  }
  for (const words of [["--check-version-only"], ["check-version-only"]]) {
    const { code, stdout } = await check("check", ...words);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^kata-ctl \S+\nNewer releases were not looked for/)]);
    expect(JSON.parse((await check("check", "--json", ...words)).stdout)).toMatchObject({ newer: null });
  }
  for (const words of [["--only-list-releases"], ["only-list-releases"], ["include-all-releases"]]) {
    const { code, stderr } = await check("check", ...words);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: releases cannot be listed/)]);
  }
  expect(shell.sys.fake.callsOf("connect")).toEqual([]);
});

test("`check list` names what is looked at, without looking", async () => {
  const { code, stdout } = await check("check", "list");
  expect(code).toBe(0);
  expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual(["NAME", ...probes.map(({ id }) => id), ""]);
  expect(JSON.parse((await check("check", "list", "--json")).stdout)).toHaveLength(probes.length);
  expect(shell.sys.fake.spawned).toEqual([]);
});

test("other words are usage errors", async () => {
  const { code, stderr } = await check("check", "lst");
  expect([code, stderr]).toEqual([2, expect.stringMatching(/got "lst"\n {2}hint {4}did you mean list\?/)]);
});

test("ids are unique, and scripts can rely on them", () => {
  expect(new Set(probes.map(({ id }) => id)).size).toBe(probes.length);
  expect(probes.map(({ id, needed }) => `${id} ${needed}`)).toMatchSnapshot();
});

test.each<[Probe["needed"], string, boolean, string]>([
  ["required", "EIO", true, "failed"],
  ["recommended", "EIO", true, "warning"],
  ["required", "EACCES", true, "failed"],
  ["required", "EACCES", false, "skipped"],
])("a %s probe that meets %s itself (root: %s) is %s, and the others go on", async (needed, code, root, result) => {
  if (!root) host.withoutRoot();
  shell.sys.fake.fail("readText", { code, when: (path) => path === "/proc/x" });
  const probe: Probe = {
    id: "x",
    title: "x",
    needed,
    run: ({ sys }) => ({ result: "ok", reason: sys.readText("/proc/x") }),
  };
  const { checks } = await runChecks(host, [probe, ...probes.slice(0, 1)], { strict: false });
  expect(checks[0]).toMatchObject({ result, reason: expect.stringContaining(code), remedy: expect.any(String) });
  expect(checks[1]).toMatchObject({ result: "ok" });
});

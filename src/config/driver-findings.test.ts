import { expect, test } from "vitest";
import { evaluateDocuments } from "./evaluate.ts";
import { findingText } from "./finding.ts";
import { parseToml } from "./toml/parse.ts";

const host = { arch: "amd64", cpus: 2, memoryMib: 4096 } as const;

function lines(source: string): string[] {
  const documents = [{ file: "c.toml", dropIn: false, source, table: parseToml(source).table }];
  return evaluateDocuments({ documents, findings: [] }, host).findings.map(findingText);
}

test("a hypervisor without a driver is told of once, where its table stands", () => {
  const keys = 'kernel = "/k"\nimage = "/i"\nrootless = true\n';
  expect(lines(`# \n[hypervisor.cloud-hypervisor]\n${keys}`)).toEqual([
    "c.toml:2:13  hypervisor.clh: Cloud Hypervisor cannot be run by this version; it runs qemu",
  ]);
  expect(lines(`[hypervisor.qemu]\n${keys}`)).toEqual([
    expect.stringContaining("c.toml:4:12  hypervisor.qemu.rootless: "),
  ]);
});

test("a secret is not shown", () => {
  const source = '[hypervisor.qemu]\ninitrd = "/i"\n[runtime]\njaeger_user = "u"\njaeger_password = "hunter2"\n';
  const text = lines(source).join("\n");
  expect(text).toContain("runtime.jaeger_password: has no effect");
  expect(text).not.toContain("hunter2");
  expect(lines(source.replace('"hunter2"', "4711")).join("\n")).not.toContain("4711");
});

import { describe, expect, test } from "vitest";
import { architectureOf } from "../../config/architecture.ts";
import { createFakeSys } from "../../sys/fake.ts";
import { availableGuestProtections, guestProtections } from "./guest-protection.ts";

const amd = "/sys/module/kvm_amd/parameters";
const tdx = "/sys/module/kvm_intel/parameters/tdx";
const uv = "/sys/firmware/uv/prot_virt_host";

function host(files: Readonly<Record<string, string>>) {
  const sys = createFakeSys();
  for (const [path, content] of Object.entries(files)) sys.fake.addFile(path, content);
  return sys;
}

describe("guestProtections()", () => {
  test.each([
    ["amd64", {}, []],
    ["amd64", { [tdx]: "Y\n" }, ["tdx"]],
    ["amd64", { [tdx]: "1\n" }, ["tdx"]],
    ["amd64", { [tdx]: "N\n" }, []],
    ["amd64", { [tdx]: "" }, []],
    ["amd64", { [tdx]: "YES\n" }, []],
    ["amd64", { [`${amd}/sev`]: "Y\n", [`${amd}/sev_es`]: "N\n", [`${amd}/sev_snp`]: "N\n" }, ["sev"]],
    ["amd64", { [`${amd}/sev`]: "1\n", [`${amd}/sev_es`]: "1\n" }, ["sev-es", "sev"]],
    ["amd64", { [`${amd}/sev`]: "Y", [`${amd}/sev_es`]: "Y", [`${amd}/sev_snp`]: "Y" }, ["snp", "sev-es", "sev"]],
    ["s390x", { [uv]: "1\n" }, ["se"]],
    ["s390x", { [uv]: "0\n" }, []],
    ["s390x", { "/proc/cpuinfo": "facilities : 0 158\n", "/proc/cmdline": "quiet prot_virt=1 ro\n" }, ["se"]],
    ["s390x", { "/proc/cpuinfo": "facilities : 158\n", "/proc/cmdline": "prot_virt=YES\n" }, ["se"]],
    ["s390x", { "/proc/cpuinfo": "facilities : 158\n", "/proc/cmdline": "prot_virt=0\n" }, []],
    ["s390x", { "/proc/cpuinfo": "facilities : 158\n", "/proc/cmdline": "xprot_virt=1\n" }, []],
    ["s390x", { "/proc/cpuinfo": "facilities : 1580 15\n", "/proc/cmdline": "prot_virt=1\n" }, []],
    ["s390x", {}, []],
    ["ppc64le", { "/sys/firmware/ultravisor/uv_msglog": "" }, ["pef"]],
    ["ppc64le", { "/sys/firmware/ultravisor": "" }, []],
    ["ppc64le", {}, []],
    ["arm64", { [tdx]: "Y" }, []],
    ["riscv64", {}, []],
    ["i686", { [tdx]: "Y" }, []],
  ])("on %s with %j are %j", (architecture, files, expected) => {
    const machine = { amd64: "x86_64", arm64: "aarch64" }[architecture] ?? architecture;
    const protections = guestProtections(host(files), architectureOf(machine));
    expect(protections.filter(({ available }) => available).map(({ name }) => name)).toEqual(expected);
  });

  test("say why not", () => {
    const sys = host({ [tdx]: "N\n", [`${amd}/sev`]: "Y" });
    sys.fake.fail("readText", { code: "EACCES", when: (path) => path === `${amd}/sev` });
    expect(guestProtections(sys, "amd64")).toEqual([
      { name: "tdx", available: false, reason: expect.stringContaining(`${tdx} is "N", not Y: the machine lacks it`) },
      { name: "snp", available: false, reason: `there is no ${amd}/sev_snp` },
      { name: "sev-es", available: false, reason: `there is no ${amd}/sev_es` },
      { name: "sev", available: false, reason: `${amd}/sev cannot be read (EACCES)` },
    ]);
    expect(guestProtections(host({ [uv]: "0" }), "s390x")[0]).toHaveProperty(
      "reason",
      expect.stringContaining("prot_virt=1"),
    );
    expect(guestProtections(host({}), "ppc64le")[0]).toHaveProperty("reason", "there is no /sys/firmware/ultravisor");
    expect(guestProtections(host({}), "arm64")[0]).toMatchObject({ name: "cca", available: false });
  });

  test("are not fooled by a huge file or a directory", () => {
    const sys = host({ [tdx]: "Y".repeat(17 << 20) });
    sys.fake.addDirectory(`${amd}/sev`);
    const [first, , , last] = guestProtections(sys, "amd64");
    expect(first).toHaveProperty("reason", `${tdx} cannot be read (resource-exhausted)`);
    expect(last).toHaveProperty("reason", `${amd}/sev cannot be read (EISDIR)`);
  });
});

test.each([
  [{ [`${amd}/sev`]: "Y", [`${amd}/sev_es`]: "Y", [`${amd}/sev_snp`]: "Y" }, ["snp"]],
  [{ [`${amd}/sev`]: "Y", [`${amd}/sev_es`]: "Y" }, ["sev"]],
  [{ [tdx]: "Y" }, ["tdx"]],
  [{}, []],
])("availableGuestProtections() with %j are %j", (files, expected) => {
  expect(availableGuestProtections(guestProtections(host(files), "amd64"))).toEqual(expected);
});

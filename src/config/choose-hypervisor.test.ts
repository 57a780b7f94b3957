import { describe, expect, test } from "vitest";
import { examined, linesOf } from "./testing/examined.ts";

function chosen(text: string, dropIn = ""): { type: string; told: string[] } {
  const { settings, findings } = examined(text, { dropIns: dropIn === "" ? {} : { "1.toml": dropIn } });
  const told = findings.filter(({ code }) => code === "conflict" || code === "overridden" || code === "missing-value");
  return { type: settings.hypervisor, told: linesOf(told).filter((line) => !line.includes("initrd")) };
}

const unused = (place: string, type: string, used: string) =>
  `note ${place}  hypervisor.${type}: is not used: [hypervisor.${used}] is`;

describe("the hypervisor is", () => {
  test.each([
    ["QEMU when no file has one", "", "", "qemu", []],
    ["the only one", "[hypervisor.clh]\n", "", "clh", []],
    ["the only one, by another name", "[hypervisor.fc]\n", "", "firecracker", []],
    [
      "the main file's, so that a drop-in can serve several",
      "[hypervisor.clh]\n",
      "[hypervisor.qemu]\n[hypervisor.clh]\n",
      "clh",
      [unused("config.d/1.toml:1:13", "qemu", "clh")],
    ],
    ["a drop-in's when the main file has none", "[runtime]\n", "[hypervisor.clh]\n", "clh", []],
    ["the named one without a table", '[runtime]\nhypervisor_name = "clh"\n', "", "clh", []],
    [
      "the named one of several",
      '[hypervisor.qemu]\n[hypervisor.clh]\n[runtime]\nhypervisor_name = "cloud-hypervisor"\n',
      "",
      "clh",
      [unused("main.toml:1:13", "qemu", "clh")],
    ],
    [
      "the one that the last file names",
      '[hypervisor.qemu]\n[hypervisor.clh]\n[runtime]\nhypervisor_name = "clh"\n',
      '[runtime]\nhypervisor_name = "qemu"\n',
      "qemu",
      [unused("main.toml:2:13", "clh", "qemu")],
    ],
    [
      "the named one of a drop-in",
      '[hypervisor.qemu]\n[runtime]\nhypervisor_name = "clh"\n',
      "[hypervisor.clh]\n",
      "clh",
      [unused("main.toml:1:13", "qemu", "clh")],
    ],
    ["the only one when the name is empty", '[hypervisor.clh]\n[runtime]\nhypervisor_name = ""\n', "", "clh", []],
  ])("%s", (_what, text, dropIn, type, told) => {
    expect(chosen(text, dropIn)).toEqual({ type, told });
  });
});

describe("nobody can tell the hypervisor", () => {
  test.each([
    [
      "of several tables",
      "[hypervisor.qemu]\n[hypervisor.clh]\n[hypervisor.fc]\n",
      "",
      "error main.toml:2:13  hypervisor.clh: is one of several hypervisor tables ([hypervisor.qemu], [hypervisor.clh], " +
        "[hypervisor.firecracker]); say which counts with hypervisor_name in [runtime]",
    ],
    [
      "of several tables in drop-ins",
      "",
      "[hypervisor.qemu]\n[hypervisor.clh]\n",
      "error config.d/1.toml:2:13  hypervisor.clh: is one of several hypervisor tables ([hypervisor.qemu], [hypervisor.clh]); " +
        "say which counts with hypervisor_name in [runtime]",
    ],
    [
      "when the named one has no table",
      '[hypervisor.qemu]\n[runtime]\nhypervisor_name = "clh"\n',
      "",
      "error main.toml:3:19  runtime.hypervisor_name: names a hypervisor without a table: there is no [hypervisor.clh], only [hypervisor.qemu]",
    ],
  ])("%s", (_what, text, dropIn, line) => {
    expect(chosen(text, dropIn).told).toEqual([line]);
  });

  test("when its name is misspelt, and nothing more is told", () => {
    const text = '[hypervisor.qemu]\ninitrd = "/i"\n[hypervisor.clh]\n[runtime]\nhypervisor_name = "qemo"\n';
    expect(linesOf(examined(text).findings)).toEqual([
      'error main.toml:5:19  runtime.hypervisor_name: must be one of "", qemu, clh, firecracker, stratovirt, dragonball, acrn, ' +
        'openvmm, remote, virtframework, mock; got "qemo" (did you mean "qemu"?)',
    ]);
  });
});

import { beforeEach, describe, expect, test } from "vitest";
import { loadRuntimeConfig } from "../../config/load.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import { createFakeSys, type FakeSys } from "../../sys/fake.ts";
import { cacheDirectory, cachedConfig } from "./config-cache.ts";

const main = "/etc/kata-containers/configuration.toml";
const text = '[hypervisor.qemu]\nkernel = "/k"\ninitrd = "/i"\nbogus = 1\n';

let sys: FakeSys;
let loads: number;

beforeEach(() => {
  sys = createFakeSys();
  loads = 0;
  sys.fake.addFile("/proc/meminfo", "MemTotal:       16384000 kB\n");
  sys.fake.addFile("/opt/bin/shim", "program");
  sys.fake.addDirectory("/proc/self");
  sys.symlink("/opt/bin/shim", "/proc/self/exe");
  sys.fake.addFile(main, text);
});

function load(path = ""): RuntimeConfig {
  return cachedConfig(sys, path, () => {
    loads++;
    return loadRuntimeConfig({ sys }, { path });
  });
}

function entries(): string[] {
  return sys.readDir(cacheDirectory).map(({ name }) => `${cacheDirectory}/${name}`);
}

test("the second time nothing is loaded, and the configuration is the same, warnings included", () => {
  const first = load();
  expect(first.warnings).toHaveLength(1);
  expect(load()).toEqual(first);
  expect(loads).toBe(1);
  expect(entries()).toHaveLength(1);
});

describe("it is loaded again when something changes that it depends on", () => {
  test.each<[string, () => void]>([
    ["the file", () => sys.writeFile(main, text.replace('"/k"', '"/K"'))],
    [
      "a new drop-in",
      () => sys.fake.addFile("/etc/kata-containers/config.d/a.toml", "[runtime]\nenable_debug = true\n"),
    ],
    ["a new name among the drop-ins", () => sys.fake.addFile("/etc/kata-containers/config.d/README", "")],
    ["the host's memory", () => sys.writeFile("/proc/meminfo", "MemTotal:       8192000 kB\n")],
    ["the program", () => sys.writeFile("/opt/bin/shim", "another program")],
  ])("%s", (_, change) => {
    load();
    change();
    load();
    expect(loads).toBe(2);
    load();
    expect(loads).toBe(2);
  });

  test("what stands in a drop-in", () => {
    const dropIn = "/etc/kata-containers/config.d/a.toml";
    sys.fake.addFile(dropIn, "[hypervisor.qemu]\ndefault_vcpus = 2\n");
    expect(load().hypervisor.defaultVcpus).toBe(2);
    sys.writeFile(dropIn, "[hypervisor.qemu]\ndefault_vcpus = 1\n");
    expect(load().hypervisor.defaultVcpus).toBe(1);
  });
});

describe("an entry that somebody else could have written is not believed", () => {
  test.each<[string, (file: string) => void]>([
    ["others may write the file", (file) => sys.chmod(file, 0o602)],
    ["others may read the file", (file) => sys.chmod(file, 0o640)],
    ["the file is another user's", (file) => sys.chown(file, 1000, 0)],
    ["others may write the directory", () => sys.chmod(cacheDirectory, 0o770)],
    [
      "the file is a link",
      (file) => {
        sys.rename(file, "/tmp-entry");
        sys.symlink("/tmp-entry", file);
      },
    ],
    ["the file is cut", (file) => sys.writeFile(file, sys.readText(file).slice(0, 40), 0o600)],
    ["the file is empty", (file) => sys.writeFile(file, "", 0o600)],
    ["the file is no entry", (file) => sys.writeFile(file, "null", 0o600)],
  ])("%s", (_, spoil) => {
    load();
    spoil(entries()[0] ?? "");
    const { kernelPath } = load().hypervisor;
    expect(kernelPath).toBe("/k");
    expect(loads).toBe(2);
  });
});

test("mistakes are not remembered", () => {
  sys.writeFile(main, "[hypervisor.qemu]\ndefault_memory = true\n");
  expect(() => load()).toThrow("default_memory");
  expect(() => load()).toThrow("default_memory");
  expect(loads).toBe(2);
  expect(sys.exists(cacheDirectory)).toBe(false);
});

test("what cannot be read is the loader's to explain", () => {
  sys.mkdirAll("/etc/kata-containers/config.d/a.toml");
  expect(() => load()).toThrow("a.toml");
  expect(() => load("/missing.toml")).toThrow("does not exist");
  expect(loads).toBe(2);
});

test("a full disk costs time only", () => {
  sys.fake.fail("writeFileAtomic", "ENOSPC");
  expect(load().hypervisor.kernelPath).toBe("/k");
  expect(load().hypervisor.kernelPath).toBe("/k");
  expect(loads).toBe(2);
});

test("entries of configurations that are not used any more go", () => {
  for (let number = 0; number < 20; number++) {
    sys.fake.addFile(`/c/${number}.toml`, text);
    load(`/c/${number}.toml`);
  }
  expect(entries()).toHaveLength(16);
  loads = 0;
  load("/c/19.toml");
  expect(loads).toBe(0);
});

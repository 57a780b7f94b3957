import { describe, expect, test } from "vitest";
import { createFakeSys, type FakeSys } from "../sys/fake.ts";
import { configPaths, configurationFile, programDirectory } from "./find.ts";

function host(program: string, files: readonly string[] = [], environment: readonly string[] = []): FakeSys {
  const sys = createFakeSys();
  sys.fake.addDirectory("/proc/self");
  sys.symlink(program, "/proc/self/exe");
  for (const file of files) sys.fake.addFile(file);
  sys.fake.processes.env = [...environment];
  return sys;
}

const etc = "/etc/kata-containers/configuration.toml";
const installed = "/usr/share/defaults/kata-containers/configuration.toml";

describe("configuration files are looked for", () => {
  test("beside the program first, each place once", () => {
    expect(configPaths("/usr/local/bin")).toEqual([
      "/usr/local/etc/kata-containers/configuration.toml",
      etc,
      "/usr/local/share/defaults/kata-containers/configuration.toml",
      installed,
      "/opt/kata/share/defaults/kata-containers/configuration.toml",
      "/etc/kata-containers/runtime-rs/configuration.toml",
      "/usr/share/defaults/kata-containers/runtime-rs/configuration.toml",
      "/opt/kata/share/defaults/kata-containers/runtime-rs/configuration.toml",
    ]);
    expect(configPaths("/usr/bin").filter((path) => path === installed)).toHaveLength(1);
    expect(configPaths("/bin")[0]).toBe(etc);
  });

  test("by the running program's own path", () => {
    expect(programDirectory(host("/opt/kata/bin/kata-ctl"))).toBe("/opt/kata/bin");
  });
});

describe("the configuration file is", () => {
  test("the given one, whether it exists or not", () => {
    expect(configurationFile(host("/usr/bin/k", [etc], ["KATA_CONF_FILE=/b"]), "/a.toml")).toBe("/a.toml");
  });

  test("the one that KATA_CONF_FILE names", () => {
    expect(configurationFile(host("/usr/bin/k", [etc], ["KATA_CONF_FILE=/b.toml"]), undefined)).toBe("/b.toml");
    expect(configurationFile(host("/usr/bin/k", [etc], ["KATA_CONF_FILE=/b.toml"]), "")).toBe("/b.toml");
  });

  test("the first that exists", () => {
    expect(configurationFile(host("/usr/bin/k", [etc, installed]), undefined)).toBe(etc);
    expect(configurationFile(host("/usr/bin/k", [installed], ["KATA_CONF_FILE="]), undefined)).toBe(installed);
  });

  test("a link to nowhere rather than another file", () => {
    const sys = host("/usr/bin/k", [installed]);
    sys.fake.addDirectory("/etc/kata-containers");
    sys.symlink("/opt/gone", etc);
    expect(configurationFile(sys, undefined)).toBe(etc);
  });

  test.each([
    ["a.toml", [], 'The path of a configuration file must be absolute, got "a.toml"', "config"],
    [
      undefined,
      ["KATA_CONF_FILE=./a.toml"],
      'KATA_CONF_FILE: The path of a configuration file must be absolute, got "./a.toml"',
      "KATA_CONF_FILE",
    ],
  ])("none that has a relative path: %s", (given, environment, message, field) => {
    expect(() => configurationFile(host("/usr/bin/k", [etc], environment), given)).toThrow(
      expect.objectContaining({ code: "invalid-argument", stage: "load-config", message, field }),
    );
  });

  test("none when there is none, with every place that was looked at", () => {
    expect(() => configurationFile(host("/usr/bin/k"), undefined)).toThrow(
      expect.objectContaining({
        code: "not-found",
        stage: "load-config",
        message: `There is no configuration file: looked for ${configPaths("/usr/bin").join(", ")}`,
      }),
    );
  });
});

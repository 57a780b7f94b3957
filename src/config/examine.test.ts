import { describe, expect, test } from "vitest";
import { examineConfiguration } from "./examine.ts";
import { diskWith, examined, linesOf, mainFile, toldOf } from "./testing/examined.ts";

const config = "io.katacontainers.config.";
const qemu = '[hypervisor.qemu]\ninitrd = "/i"\n';

describe("findings", () => {
  test("are those of files, the choice of the hypervisor, annotations, rules, limits, lists and the host", () => {
    const text = `[hypervisor.qemu]
path = "/bin/qemu"
kernel = "/gone"
initrd = "/i"
image = "/j"
defalt_vcpus = 1
enable_hugepages = true
jailer_path = "/j"
enable_annotations = ["("]
[hypervisor.clh]
[runtime]
hypervisor_name = "qemu"
`;
    const sys = diskWith({ [mainFile]: text, "a.txt": "", "1.toml": "x = \n" });
    sys.fake.addFile("/bin/qemu", "x", 0o755);
    const annotations = { [`${config}hypervisor.default_vcpus`]: "3" };
    const { files, findings } = examineConfiguration({ sys }, { path: mainFile, annotations, hostFiles: true });
    expect(files).toEqual([mainFile, "/etc/kata/config.d/1.toml"]);
    expect(findings.map(({ severity, code, place }) => `${severity} ${code} ${place.kind}`)).toEqual([
      "note unreadable-file whole-file",
      "error syntax file",
      "warning unknown-key file",
      "note overridden file",
      "note not-for-hypervisor file",
      "error annotation-refused annotation",
      "error conflict file",
      "unsupported unsupported file",
      "warning wrong-value file",
      "error bad-file file",
      "error bad-file file",
      "error bad-file file",
      "error bad-file nowhere",
    ]);
    expect(linesOf(findings).filter((line) => line.includes("(did you mean"))).toHaveLength(1);
  });

  test("never come as an exception, whatever stands in a file", () => {
    for (const text of [
      "",
      "\0",
      "[",
      "]]",
      "=",
      "\ufeff",
      "[hypervisor]",
      "[hypervisor.qemu]\nkernel_params = '\"'\n",
    ]) {
      expect(() => examined(text)).not.toThrow();
    }
  });

  test("about no key that anybody set name the file", () => {
    const line = "hypervisor.qemu.initrd: must be set, unless image is: the guest needs one of the two";
    expect(toldOf("")).toEqual([`error main.toml  ${line}`]);
    expect(toldOf("[runtime]\n")).toEqual([`error main.toml  ${line}`]);
  });
});

describe("annotations", () => {
  const told = (annotations: Readonly<Record<string, string>>, lines = 'enable_annotations = ["default_vcpus"]\n') =>
    toldOf(`${qemu}${lines}`, { annotations });

  test.each([
    [
      "that is not enabled",
      { [`${config}hypervisor.default_memory`]: "4096" },
      `error annotation ${config}hypervisor.default_memory  hypervisor.qemu.default_memory: is not allowed here: no expression of ` +
        'enable_annotations in [hypervisor.qemu] matches "default_memory"; the operator can add one',
    ],
    [
      "that chooses the file",
      { "io.katacontainers.config_path": mainFile },
      "error annotation io.katacontainers.config_path  names the configuration file, which only the operator chooses",
    ],
    [
      "with a value that the key refuses",
      { [`${config}hypervisor.default_vcpus`]: "1e9" },
      `error annotation ${config}hypervisor.default_vcpus  hypervisor.qemu.default_vcpus: must be `,
    ],
  ])("one %s is an error", (_what, annotations, line) => {
    const lines = told(annotations);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.startsWith(line)).toBe(true);
  });

  test("are subject to the rules between keys, which name them", () => {
    expect(
      told(
        { [`${config}hypervisor.default_vcpus`]: "3" },
        'default_maxvcpus = 2\nenable_annotations = ["default_vcpus"]\n',
      ),
    ).toEqual([
      `error annotation ${config}hypervisor.default_vcpus  hypervisor.qemu.default_maxvcpus: must not be below default_vcpus, which is 3`,
    ]);
    expect(
      told(
        { [`${config}hypervisor.default_max_vcpus`]: "2" },
        'default_vcpus = 3\nenable_annotations = ["default_max_vcpus"]\n',
      ),
    ).toEqual([
      `error annotation ${config}hypervisor.default_max_vcpus  hypervisor.qemu.default_maxvcpus: must not be below default_vcpus, which is 3`,
    ]);
  });

  test("of others are nobody's matter", () => {
    expect(told({ "io.kubernetes.cri.sandbox-id": "x", "com.example": "y", constructor: "z" })).toEqual([]);
  });
});

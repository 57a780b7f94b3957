import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Architecture } from "../../config/architecture.ts";
import { parseParams, splitKernelParams } from "../../config/kernel-params/param.ts";
import { buildKernelCmdline, checkKernelCmdline, type KernelCmdlineParts } from "./cmdline.ts";

const read = (text: string) => parseParams(splitKernelParams(text));

function build(parts: Partial<Record<keyof KernelCmdlineParts, string>>, arch: Architecture = "amd64"): string {
  const { defaults = "", root = "", console = "", agent = "", user = "" } = parts;
  return buildKernelCmdline(
    { defaults: read(defaults), root: read(root), console: read(console), agent: read(agent), user: read(user) },
    { arch, field: "hypervisor.x.kernel_params" },
  );
}

describe("buildKernelCmdline()", () => {
  test.each([
    ["nothing", {}, ""],
    [
      "all parts in their order",
      {
        user: "u=1",
        agent: "agent.log=debug",
        console: "console=hvc0 quiet",
        root: "root=/dev/vda1 ro",
        defaults: "a=1",
      },
      "a=1 root=/dev/vda1 ro console=hvc0 quiet agent.log=debug u=1",
    ],
    ["the user's word replaces ours", { defaults: "reboot=t panic=1", user: "reboot=k" }, "panic=1 reboot=k"],
    [
      "wherever ours stands",
      { root: "root=/dev/vda1", agent: "agent.log=debug", user: "agent.log=info" },
      "root=/dev/vda1 agent.log=info",
    ],
    [
      "consoles of ours and the user's",
      { console: "console=ttyS0", user: "console=hvc0" },
      "console=ttyS0 console=hvc0",
    ],
    ["the user's repeated words stay", { user: "pci=realloc pci=nocrs x=1 x=2" }, "pci=realloc pci=nocrs x=1 x=2"],
    ["ours stay repeated", { agent: "systemd.mask=a systemd.mask=b" }, "systemd.mask=a systemd.mask=b"],
    ["init's arguments come last", { defaults: "a", user: "b -- --verbose" }, "a b -- --verbose"],
    ["quoted spaces", { user: 'dyndbg="file a +p" "b=c d"' }, 'dyndbg="file a +p" "b=c d"'],
    ["letters of any script", { user: "x=größe" }, "x=größe"],
  ])("%s", (_what, parts, line) => {
    expect(build(parts)).toBe(line);
  });

  test.each([
    ["amd64", 2047],
    ["arm64", 2047],
    ["ppc64le", 2047],
    ["s390x", 4095],
    ["riscv64", 1023],
  ] as const)("on %s it has at most %i bytes", (arch, most) => {
    const fits = "x".repeat(most - 2);
    expect(build({ defaults: "a", user: fits }, arch)).toHaveLength(most);
    expect(() => build({ defaults: "a", user: `${fits}x` }, arch)).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: `The kernel's command line has ${most + 1} bytes, at most ${most} are possible on ${arch}`,
        field: "hypervisor.x.kernel_params",
        hint: "Remove or shorten kernel parameters",
      }),
    );
  });

  test("bytes count, not letters", () => {
    expect(build({ user: "ö".repeat(1023) })).toHaveLength(1023);
    expect(() => build({ user: "ö".repeat(1024) })).toThrow("has 2048 bytes, at most 2047");
  });

  test.each([
    ['x="a b', "must have as many closing as opening double quotes", '"x=\\"a b"'],
    ['"', "must have as many closing as opening double quotes", '"\\""'],
    ["x=a\u0000b", "must have no control characters", '"x=a\\u0000b"'],
    ['x="a\nb"', "must have no control characters", '"x=\\"a\\nb\\""'],
    ["x=\u001b[31m", "must have no control characters", '"x=\\u001b[31m"'],
    ["x=\u0085", "must have no control characters", '"x=\\u{85}"'],
    [`x="${"y".repeat(100)}`, "must have as many closing as opening double quotes", `"x=\\"${"y".repeat(61)}..."`],
  ])("refuses %j", (user, rule, shown) => {
    expect(() => build({ defaults: "a", user })).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: `A kernel parameter ${rule}, got ${shown}`,
        field: "hypervisor.x.kernel_params",
      }),
    );
  });

  test("no word of the user's changes another one", () => {
    const piece = fc.constantFrom('"', " ", "=", "a", "b", "-", "console", "\t");
    const user = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(user, (text) => {
        let line: string;
        try {
          line = build({ defaults: "machine=1", user: text });
        } catch {
          expect(text).toMatch(/["\t]/);
          return;
        }
        const words = splitKernelParams(text);
        expect(splitKernelParams(line)[0]).toBe("machine=1");
        if (!words.includes("--")) expect(splitKernelParams(line).slice(1)).toEqual(words);
      }),
    );
  });
});

describe("checkKernelCmdline()", () => {
  const line =
    'BOOT_IMAGE=/vmlinuz root=/dev/sda2 ro quiet prot_virt=1 x= dyndbg="file a +p" "odd=b c" -- init_arg y=1\n';
  test.each([
    ["quiet", [], true],
    ["QUIET", [], true],
    ["qui", [], false],
    ["ro", [], true],
    ["root", [], false],
    ["root", ["/dev/sda2"], true],
    ["root", ["/dev/sda1", "/dev/SDA2"], true],
    ["root", ["/dev/sda"], false],
    ["root", [""], false],
    ["ROOT", ["/dev/sda2"], true],
    ["prot-virt", ["1", "on"], true],
    ["prot_virt", ["0", "off"], false],
    ["prot_virt", [], false],
    ["quiet", ["1"], false],
    ["quiet", [""], false],
    ["x", [""], true],
    ["x", [], false],
    ["dyndbg", ["file a +p"], true],
    ["odd", ["b c"], true],
    ["a", [], false],
    ["c", [], false],
    ["init_arg", [], false],
    ["y", ["1"], false],
    ["missing", [], false],
    ["__proto__", [], false],
  ])("%s with one of %j: %s", (name, values, found) => {
    expect(checkKernelCmdline(line, name, values)).toBe(found);
  });

  test.each(["", "\n", "   "])("nothing is in %j", (text) => {
    expect(checkKernelCmdline(text, "quiet")).toBe(false);
    expect(checkKernelCmdline(text, "root", ["x"])).toBe(false);
  });

  test("one of several is enough", () => {
    expect(checkKernelCmdline("console=tty0 console=ttyS0", "console", ["ttys0"])).toBe(true);
  });
});

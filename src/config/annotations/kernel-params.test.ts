import { describe, expect, test } from "vitest";
import { joinKernelParams, kernelParamProblems } from "./kernel-params.ts";

describe("kernel parameters of pods", () => {
  test.each([
    "quiet",
    "agent.log=debug",
    "agent.https_proxy=http://user@proxy:3128 agent.no_proxy=10.0.0.0/8,.svc",
    "agent.guest_components_rest_api=all",
    "systemd.unified_cgroup_hierarchy=0 cgroup_no_v1=all",
    "transparent_hugepage=never  nokaslr",
    "net.ifnames=0 pci=noats,nommconf",
    "rootwait rdinit_x roots",
    "empty=",
  ])("%s is allowed", (text) => {
    expect(kernelParamProblems(text)).toEqual([]);
  });

  test.each<[text: string, rule: RegExp]>([
    ["agent.debug_console", /agent's parameters/],
    ["agent.debug_console=true", /agent's parameters/],
    ["agent.debug_console_vport=1026", /agent's parameters/],
    ["agent.debug-console", /agent's parameters/],
    ["agent.log_vport=1025", /agent's parameters/],
    ["agent.server_addr=vsock://-1:1", /agent's parameters/],
    ["agent.devmode", /agent's parameters/],
    ["agent.config_file=/x", /agent's parameters/],
    ["agent.policy_file=/x", /agent's parameters/],
    ["agent.passfd_listener_port=1", /agent's parameters/],
    ["agent.what_comes_next=1", /agent's parameters/],
    ["init=/bin/sh", /first program/],
    ["rdinit=/bin/sh", /first program/],
    ["single", /shell/],
    ["emergency", /shell/],
    ["1", /shell/],
    ["rd.break", /shell/],
    ["systemd.debug_shell", /other programs/],
    ["systemd.debug-shell=1", /other programs/],
    ["systemd.unit=emergency.target", /other programs/],
    ["systemd.run=/bin/sh", /other programs/],
    ["root=/dev/vdb", /starts from/],
    ["rootflags=rw", /starts from/],
    ["rw", /starts from/],
    ["initrd=/x", /starts from/],
    ["dm-mod.create=x", /put together/],
    ["dm_mod.create=x", /put together/],
    ["sysctl.kernel.modprobe=/x", /kernel runs/],
    ["modprobe.blacklist=x", /change its modules/],
    ["selinux=0", /keeps containers/],
    ["lsm=", /keeps containers/],
    ["kgdboc=ttyS0", /debugger/],
    ["--", /form NAME/],
    ["-- sh", /form NAME/],
    ["-b", /form NAME/],
    ["=x", /form NAME/],
    ['a="b', /form NAME/],
    ['"init=/bin/sh"', /form NAME/],
    ["a='b'", /form NAME/],
    ["a=b;c", /form NAME/],
    ["a=$(id)", /form NAME/],
    ["a=\\n", /form NAME/],
    ["a\tinit=/bin/sh", /form NAME/],
    ["a\ninit=/bin/sh", /form NAME/],
    ["a\u00a0init=/x", /form NAME/],
    ["a\0", /form NAME/],
    ["\u0131nit=/bin/sh", /form NAME/],
    [Array.from({ length: 65 }, () => "a").join(" "), /at most 64 words/],
  ])("%j is not", (text, rule) => {
    const problems = kernelParamProblems(text);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems.slice(0, 1)) expect(problem.rule).toMatch(rule);
  });

  test("every wrong word is told", () => {
    expect(kernelParamProblems("quiet init=/x agent.log=debug root=/y").map(({ got }) => got)).toEqual([
      "init=/x",
      "root=/y",
    ]);
  });

  test.each([
    ["", "", ""],
    ["quiet", "", "quiet"],
    ["", "quiet", "quiet"],
    ["a=1 b", "a=2", "b a=2"],
    ["a-b=1", "a_b=2", "a_b=2"],
    ["a=1 a=2", "a", "a"],
    ["console=hvc0", "console=ttyS0", "console=hvc0 console=ttyS0"],
    ['dm-mod.create="x y" q', "q=1", 'dm-mod.create="x y" q=1'],
    ["a -- --log", "b", "a b -- --log"],
  ])("%j and then %j: %j", (operator, pod, joined) => {
    expect(joinKernelParams(operator, pod)).toBe(joined);
  });
});

import { expect, test } from "../../../test/native/runner.ts";
import { sleep } from "../../base/clock.ts";
import { startVirtiofsd } from "../../resource/share-fs/virtiofsd.ts";
import { linux } from "../../sys/linux.ts";
import { processStartTicks } from "../../sys/proc.ts";
import { signals } from "../../sys/signals.ts";
import { booted, dial, rejection } from "../testing/booted-vm.ts";
import { noVm, testConfig, testVm } from "../testing/vm-fixture.ts";

const vmTest = { skip: noVm(linux), timeoutMs: 120_000 };
/** A user learns of a failure within a second; the machine of a test may be busy with others. */
/** Below every deadline, above what a busy machine takes. */
const soonMs = 8000;

function messages(error: unknown): string {
  const parts: string[] = [];
  for (let link = error; link instanceof Error; link = link.cause) parts.push(link.message);
  return parts.join(" | ");
}

test(
  "QemuHypervisor boots a guest, tells its threads and version, and kills it",
  async (context) => {
    const { sys } = context;
    const machine = testVm(context);
    const { vm, spec, directory } = machine;
    await vm.createVm(spec);
    const starting = vm.startVm();
    const pid = vm.pid ?? 0;
    expect(sys.readText(`/proc/${pid}/comm`)).toContain("qemu");
    await starting;
    expect(sys.readText(`${directory}/pid`)).toBe(`${pid}\n`);
    const connection = await dial(context, machine);
    const details = await connection.agent.getGuestDetails(
      { memBlockSize: true, memHotplugProbe: true },
      { timeoutMs: 5000 },
    );
    expect(details.agentDetails !== undefined).toBe(true);
    const threads = await vm.vcpuThreads();
    expect(threads.length).toBe(1);
    expect(sys.exists(`/proc/${pid}/task/${threads[0]}`)).toBe(true);
    expect(/^\d+\.\d+\.\d+/.test(await vm.version())).toBe(true);
    const exit = await vm.stopVm();
    expect(exit?.status).toEqual({ kind: "signaled", signal: signals.SIGKILL });
    expect((await connection.closed).code).toBe("unavailable");
    expect(processStartTicks(sys, pid)).toBe(undefined);
    expect(await vm.stopVm()).toEqual(exit);
  },
  vmTest,
);

test(
  "QemuHypervisor pauses the guest's clock and lets it go on",
  async (context) => {
    const { vm, connection } = await booted(context);
    await vm.pauseVm();
    const call = connection.health.check({ service: "" }, { timeoutMs: 300 });
    expect((await rejection(call)).code).toBe("deadline-exceeded");
    await vm.resumeVm();
    expect((await connection.health.check({ service: "" }, { timeoutMs: 5000 })).status).toBe(1);
    await vm.stopVm();
  },
  vmTest,
);

test(
  "QemuHypervisor reports a VMM that was killed, before and after the agent answered",
  async (context) => {
    const { sys, loop } = context;
    const early = testVm(context);
    await early.vm.createVm(early.spec);
    await early.vm.startVm();
    const dialled = rejection(dial(context, early));
    await sleep(loop, 100);
    let killedAt = loop.nowMs();
    sys.kill(early.vm.pid ?? 0, signals.SIGKILL);
    expect((await dialled).message).toBe("QEMU was killed by signal 9 (SIGKILL) while the guest was booting");
    expect(loop.nowMs() - killedAt < soonMs).toBe(true);
    const late = await booted(context);
    killedAt = loop.nowMs();
    sys.kill(late.vm.pid ?? 0, signals.SIGKILL);
    expect((await late.vm.exited).status).toEqual({ kind: "signaled", signal: 9 });
    expect((await rejection(late.connection.health.check({ service: "" }))).code).toBe("unavailable");
    expect(loop.nowMs() - killedAt < soonMs).toBe(true);
  },
  vmTest,
);

test(
  "QemuHypervisor reports a guest that panics, with its last words",
  async (context) => {
    const { sys } = context;
    const machine = testVm(context, testConfig(sys), { kernelParams: ["rdinit=/no/such/init"] });
    const { vm, spec, directory } = machine;
    await vm.createVm(spec);
    await vm.startVm();
    const error = await rejection(dial(context, machine));
    expect(error.message).toContain(
      "QEMU exited with code 0 while the guest was booting: the guest's kernel panicked: ",
    );
    expect(messages(error)).toContain("Kernel panic - not syncing");
    expect(sys.readText(`${directory}/console.log`)).toContain("Kernel panic");
    expect((await vm.exited).guestEnd).toContain("panicked");
  },
  vmTest,
);

test(
  "QemuHypervisor reports what QEMU says when it refuses to start",
  async (context) => {
    const { sys, loop } = context;
    for (const [keys, spec, words] of [
      ['machine_accelerators = "nonsense=on"', {}, "nonsense"],
      ['cpu_features = "+no-such-feature"', {}, "no-such-feature"],
      ["default_maxmemory = 9000000", { memoryMib: 8_000_000 }, "phys-bits too low"],
    ] as const) {
      const { vm, spec: whole } = testVm(context, testConfig(sys, keys), spec);
      await vm.createVm(whole);
      const startedAt = loop.nowMs();
      const error = await rejection(vm.startVm());
      expect(error.message).toBe("QEMU exited with code 1 before its monitor answered");
      expect(error.stage).toBe("start-vmm");
      expect(messages(error)).toContain(words);
      expect(loop.nowMs() - startedAt < 2 * soonMs).toBe(true);
      expect((await vm.exited).status).toEqual({ kind: "exited", code: 1 });
    }
  },
  vmTest,
);

test(
  "QemuHypervisor reports a program that is no QEMU, and leaves nothing open",
  async (context) => {
    const { sys } = context;
    const directory = context.tempDir();
    sys.writeFile(`${directory}/text`, "not a program", 0o755);
    for (const [path, words] of [
      [`${directory}/text`, "QEMU cannot be run | spawn (exec)"],
      ["/bin/true", "QEMU exited with code 0 before its monitor answered"],
      ["/bin/cat", "QEMU exited with code 1 before its monitor answered"],
    ]) {
      const { vm, spec } = testVm(context, testConfig(sys, `path = "${path}"`));
      await vm.createVm(spec);
      expect(messages(await rejection(vm.startVm()))).toContain(words);
    }
  },
  vmTest,
);

test(
  "QemuHypervisor kills a QEMU whose monitor stays silent",
  async (context) => {
    const { sys } = context;
    const directory = context.tempDir();
    sys.writeFile(`${directory}/qemu`, "#!/bin/sh\necho some words >&2\nexec sleep 60\n", 0o755);
    const { vm, spec } = testVm(context, testConfig(sys, `path = "${directory}/qemu"`));
    await vm.createVm(spec);
    const starting = vm.startVm({ timeoutMs: 200 });
    const pid = vm.pid ?? 0;
    const error = await rejection(starting);
    expect(error.code).toBe("deadline-exceeded");
    expect(processStartTicks(sys, pid)).toBe(undefined);
    expect((await vm.exited).stderrTail).toEqual(["some words"]);
    expect(sys.readText(vm.vmmLogPath)).toBe("some words\n");
  },
  vmTest,
);

test(
  "QemuHypervisor asks the guest to power off when there is time for it",
  async (context) => {
    const { loop } = context;
    const { vm } = await booted(context);
    const before = loop.nowMs();
    const exit = await vm.stopVm({ graceMs: 300 });
    // A guest that ignores the power button is killed when the time is over.
    expect(exit?.status.kind === "signaled" || exit?.guestEnd === "the guest powered off").toBe(true);
    expect(loop.nowMs() - before < 300 + soonMs).toBe(true);
  },
  vmTest,
);

test(
  "QemuHypervisor stops at any time, also before it started",
  async (context) => {
    const idle = testVm(context);
    expect(await idle.vm.stopVm()).toBe(undefined);
    await idle.vm.createVm(idle.spec);
    expect(await idle.vm.stopVm()).toBe(undefined);
    expect((await rejection(idle.vm.startVm())).code).toBe("failed-precondition");
    const eager = testVm(context);
    await eager.vm.createVm(eager.spec);
    const starting = rejection(eager.vm.startVm());
    expect((await eager.vm.stopVm())?.status).toEqual({ kind: "signaled", signal: 9 });
    expect((await starting).message).toBe("QEMU was killed by signal 9 (SIGKILL) before its monitor answered");
  },
  vmTest,
);

test(
  "QemuHypervisor shares a directory, and reports a daemon that dies",
  async (context) => {
    const { sys, loop } = context;
    const config = testConfig(sys);
    const directory = context.tempDir();
    const served = context.tempDir();
    const machine = testVm(context, config);
    const daemon = await startVirtiofsd({ sys, loop, logger: machine.logger }, config.hypervisor, {
      directory: served,
      vmDir: directory,
    });
    await machine.vm.createVm({
      ...machine.spec,
      devices: [{ kind: "share", tag: "kataShared", socketPath: daemon.socketPath, queueSize: 1024 }],
    });
    await machine.vm.startVm();
    await dial(context, machine);
    sys.kill(daemon.pid, signals.SIGKILL);
    expect((await daemon.exited).status).toEqual({ kind: "signaled", signal: 9 });
    await machine.vm.stopVm();
  },
  vmTest,
);

test(
  "QemuHypervisor boots a microvm",
  async (context) => {
    const { vm, connection } = await booted(context, 'machine_type = "microvm"');
    expect((await connection.health.check({ service: "" }, { timeoutMs: 5000 })).status).toBe(1);
    await vm.stopVm();
  },
  vmTest,
);

test(
  "QemuHypervisor boots a guest with two CPUs",
  async (context) => {
    const { vm } = await booted(context, "", { vcpus: 2, maxVcpus: 2 });
    expect((await vm.vcpuThreads()).length).toBe(2);
    await vm.stopVm();
  },
  vmTest,
);

const noHybrid = noVm(linux) || (!linux.exists("/usr/bin/vhost-device-vsock") && "vhost-device-vsock is not installed");
test(
  "QemuHypervisor reaches the agent through hybrid vsock",
  async (context) => {
    const { vm } = await booted(context, '[agent.kata]\nagent_transport = "hybrid-vsock"');
    expect(vm.channels.agent.kind).toBe("hybrid-vsock");
    await vm.stopVm();
  },
  { ...vmTest, skip: noHybrid },
);

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UpdateContainerRequest } from "../../src/wire/gen/agent/agent.ts";
import { container, exec, readAll, runContainer, runExec, SHARE, sandbox } from "../support/agent-requests.ts";
import { makeBusyboxRootfs } from "../support/busybox-rootfs.ts";
import { type AgentConnection, GuestVm, until } from "../support/guest-vm.ts";

let share: string;
let vm: GuestVm;
let connection: AgentConnection;

beforeAll(async () => {
  share = mkdtempSync(join(tmpdir(), "kata-share-"));
  makeBusyboxRootfs(join(share, "rootfs"));
  vm = await GuestVm.start({ share: { dir: share, tag: "kataShared" }, memoryMib: 512 });
  connection = await vm.connect();
  await connection.agent.createSandbox(
    sandbox({ dns: ["nameserver 192.0.2.1"], guestHookPath: "/usr/share/oci/hooks" }),
  );
});

afterAll(async () => {
  await vm?.destroy();
  rmSync(share, { recursive: true, force: true });
});

/** A container that runs until it is killed. */
async function sleeper(id: string, fields: Parameters<typeof container>[2] = {}): Promise<AsyncDisposable> {
  const { agent } = connection;
  await agent.createContainer(container(id, ["sleep", "1000"], fields));
  await agent.startContainer({ containerId: id });
  return { [Symbol.asyncDispose]: async () => void (await agent.removeContainer({ containerId: id, timeout: 0 })) };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
  );

describe("the agent answers", () => {
  test("health, version and details", async () => {
    const { health, agent } = connection;
    expect((await health.check({ service: "" })).status).toBe(1);
    expect((await health.version({ service: "" })).agentVersion).toMatch(/^\d+\.\d+/);
    const details = await agent.getGuestDetails({ memBlockSize: true, memHotplugProbe: true });
    expect(details.agentDetails).toMatchObject({ initDaemon: true, supportsSeccomp: true });
    expect(details.agentDetails?.storageHandlers).toContain("virtio-fs");
    expect(details.memBlockSizeBytes).toBe(134217728n);
  });

  test("unimplemented for what it does not do", async () => {
    expect(await failure(connection.agent.setPolicy({ policy: "" }))).toMatchObject({ code: "unimplemented" });
    expect(await failure(connection.agent.resizeVolume({ volumeGuestPath: "/x", size: 1n }))).toMatchObject({
      code: "unimplemented",
    });
  });

  test("a second sandbox is refused", async () => {
    expect(await failure(connection.agent.createSandbox(sandbox()))).toMatchObject({ code: "already-exists" });
  });
});

describe("containers", () => {
  test("run a program and report its output and status", async () => {
    const outcome = await runContainer(
      connection,
      container("run1", ["sh", "-c", "echo out; echo err >&2; hostname; exit 42"]),
    );
    expect(outcome).toEqual({ status: 42, stdout: "out\nweb\n", stderr: "err\n" });
  });

  test("have their own pids, mounts and cgroup, and the guest's network", async () => {
    const script =
      "echo $$; ls /proc | grep -c '^[0-9]'; cat /proc/1/cgroup; ls /sys/class/net; cat /proc/self/mountinfo | wc -l";
    const { stdout } = await runContainer(connection, container("own1", ["sh", "-c", script]));
    const [pid, processes, cgroup, net] = stdout.split("\n");
    expect([pid, cgroup, net]).toEqual(["1", "0::/", "lo"]);
    expect(Number(processes)).toBeLessThan(5);
  });

  test("have the user, directory, environment, limits and capabilities that the specification names", async () => {
    const script =
      "id -u; id -g; id -G; pwd; echo $GREETING; ulimit -n; grep -E 'CapEff|NoNewPrivs' /proc/self/status; cat /proc/self/oom_score_adj";
    const { stdout, stderr } = await runContainer(
      connection,
      container("user1", ["sh", "-c", script], {
        process: {
          User: { UID: 1000, GID: 100, AdditionalGids: [10] },
          Cwd: "/new/dir",
          Env: ["PATH=/bin", "GREETING=hello world"],
          Rlimits: [{ Type: "RLIMIT_NOFILE", Soft: 256n, Hard: 512n }],
          OOMScoreAdj: 123n,
        },
      }),
    );
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      ...["1000", "100", "100 10", "/new/dir", "hello world", "256"],
      ...["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "123", ""],
    ]);
  });

  test("have their programs at random addresses", async () => {
    const script =
      "for i in 1 2 3; do grep stack /proc/self/maps; done | cut -d- -f1 | sort -u | wc -l; cat /proc/self/personality";
    const { stdout } = await runContainer(connection, container("aslr1", ["sh", "-c", script]));
    expect(stdout).toBe("3\n00000000\n");
    await using _ = await sleeper("aslr2");
    const { stdout: execed } = await runExec(connection, exec("aslr2", "e1", ["sh", "-c", script]));
    expect(execed).toBe("3\n00000000\n");
  });

  test("resolve user names by the image's files", async () => {
    const request = container("user2", ["id"], {
      request: { stringUser: { uid: "alice", gid: "", additionalGids: ["wheel"] } },
    });
    expect((await runContainer(connection, request)).stdout).toBe("uid=1000(alice) gid=100(users) groups=10(wheel)\n");
    const unknown = container("user3", ["id"], {
      request: { stringUser: { uid: "bob", gid: "", additionalGids: [] } },
    });
    expect(await failure(connection.agent.createContainer(unknown))).toEqual({
      code: "not-found",
      message: "unable to find user bob: no matching entries in passwd file",
    });
  });

  test("get what the specification mounts, masks and protects", async () => {
    const script =
      "touch /x 2>&1; cat /etc/resolv.conf; wc -c </proc/kcore; echo 1 2>&1 >/proc/sys/vm/swappiness; df -m /scratch | tail -1 | awk '{print $2}'";
    const { stdout } = await runContainer(
      connection,
      container("mounts1", ["sh", "-c", script], {
        readonlyRoot: true,
        mounts: [
          { destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["size=3m"] },
          { destination: "/etc", type: "bind", source: `${SHARE}/rootfs/etc`, options: ["rbind", "ro"] },
        ],
      }),
    );
    expect(stdout).toContain("touch: /x: Read-only file system");
    expect(stdout).toContain("Read-only file system\n3\n");
    expect(stdout).toMatch(/^0$/m);
  });

  test("apply sysctls of the network and of IPC", async () => {
    const linux = { Sysctl: { "net.core.somaxconn": "777", "kernel.shmmni": "555" } };
    const { stdout } = await runContainer(
      connection,
      container("sysctl1", ["cat", "/proc/sys/net/core/somaxconn", "/proc/sys/kernel/shmmni"], { linux }),
    );
    expect(stdout).toBe("777\n555\n");
  });

  test("enforce seccomp", async () => {
    const Seccomp = {
      DefaultAction: "SCMP_ACT_ALLOW",
      Architectures: ["SCMP_ARCH_X86_64"],
      Syscalls: [{ Names: ["mkdir", "mkdirat"], Action: "SCMP_ACT_ERRNO", errnoret: 13 }],
    };
    const { stdout } = await runContainer(
      connection,
      container("seccomp1", ["sh", "-c", "mkdir /tmp/forbidden 2>&1"], { linux: { Seccomp } }),
    );
    expect(stdout).toContain("Permission denied");
  });

  test("cannot open block devices they make a node for", async () => {
    const { stdout } = await runContainer(
      connection,
      container("mknod1", ["sh", "-c", "mknod /tmp/disk b 254 0 && cat /tmp/disk 2>&1; rm -f /tmp/disk"]),
    );
    expect(stdout).toContain("Operation not permitted");
  });

  test.each([
    [["nonsuch"], "not-found", 'exec: "nonsuch": executable file not found in $PATH'],
    [["/no/such"], "not-found", 'exec: "/no/such": stat /no/such: no such file or directory'],
    [["/etc/not-executable"], "permission-denied", 'exec: "/etc/not-executable": permission denied'],
  ])("fail to be created for %j", async (args, code, message) => {
    const error = await failure(connection.agent.createContainer(container("bad1", args)));
    expect(error?.code).toBe(code);
    if (typeof message === "string") expect(error?.message).toBe(message);
    else expect(error?.message).toMatch(message);
    expect(await failure(connection.agent.startContainer({ containerId: "bad1" }))).toMatchObject({
      code: "invalid-argument",
    });
  });

  test.each([
    ["an id with a slash", container("a/b", ["true"]), "invalid-argument"],
    ["an id with ..", container("../x", ["true"]), "invalid-argument"],
    ["no arguments", container("bad2", []), "invalid-argument"],
    ["a root that is missing", container("bad3", ["true"], { root: `${SHARE}/none` }), "not-found"],
    ["a root outside", container("bad4", ["true"], { root: "/" }), "invalid-argument"],
    [
      "a bind source that is missing",
      container("bad5", ["true"], {
        mounts: [{ destination: "/x", type: "bind", source: `${SHARE}/none`, options: ["bind"] }],
      }),
      "not-found",
    ],
    [
      "a bind source outside",
      container("bad6", ["true"], {
        mounts: [{ destination: "/x", type: "bind", source: "/usr/bin", options: ["bind"] }],
      }),
      "invalid-argument",
    ],
    [
      "an unknown storage driver",
      container("bad7", ["true"], { storages: [{ driver: "floppy", mountPoint: `${SHARE}/x` }] }),
      "invalid-argument",
    ],
  ])("are refused with %s", async (_name, request, code) => {
    expect(await failure(connection.agent.createContainer(request))).toMatchObject({ code });
  });

  test("are refused when the id is taken", async () => {
    await using _ = await sleeper("taken1");
    expect(await failure(connection.agent.createContainer(container("taken1", ["true"])))).toMatchObject({
      code: "already-exists",
    });
  });

  test("are unknown before and after", async () => {
    const { agent } = connection;
    for (const call of [
      () => agent.startContainer({ containerId: "none1" }),
      () => agent.waitProcess({ containerId: "none1", execId: "none1" }),
      () => agent.removeContainer({ containerId: "none1", timeout: 0 }),
      () => agent.statsContainer({ containerId: "run1" }),
    ]) {
      const message = expect.stringContaining("Invalid container id");
      expect(await failure(call())).toMatchObject({ code: "invalid-argument", message });
    }
  });

  test("start only once", async () => {
    await using _ = await sleeper("once1");
    expect(await failure(connection.agent.startContainer({ containerId: "once1" }))).toMatchObject({
      code: "failed-precondition",
    });
  });

  test("that were never started can be removed", async () => {
    await connection.agent.createContainer(container("idle1", ["true"]));
    await connection.agent.removeContainer({ containerId: "idle1", timeout: 0 });
  });
});

describe("execs", () => {
  test("run beside the first process, with their own status and output", async () => {
    await using _ = await sleeper("exec1");
    const outcome = await runExec(
      connection,
      exec("exec1", "e1", ["sh", "-c", "echo out; echo err >&2; ps -o args; exit 7"]),
    );
    expect(outcome.status).toBe(7);
    expect(outcome.stdout).toMatch(/^out\n[\s\S]*sleep 1000/);
    expect(outcome.stderr).toBe("err\n");
  });

  test("report signals as 128 + n", async () => {
    await using _ = await sleeper("exec2");
    expect((await runExec(connection, exec("exec2", "e1", ["sh", "-c", "kill -9 $$"]))).status).toBe(137);
    expect((await runExec(connection, exec("exec2", "e2", ["sh", "-c", "kill -15 $$"]))).status).toBe(143);
  });

  test.each([
    ["a missing program", ["nonsuch"], {}, "not-found", 'exec: "nonsuch": executable file not found in $PATH'],
    [
      "a file that is no program",
      ["/etc/not-executable"],
      {},
      "permission-denied",
      'exec: "/etc/not-executable": permission denied',
    ],
    [
      "a missing directory",
      ["true"],
      { Cwd: "/none" },
      "not-found",
      'Working directory "/none": no such file or directory',
    ],
    ["a relative directory", ["true"], { Cwd: "none" }, "invalid-argument", /process.cwd/],
  ])("fail for %s", async (_name, args, fields, code, message) => {
    await using _ = await sleeper("exec3");
    const error = await failure(connection.agent.execProcess(exec("exec3", "e1", args, fields)));
    expect(error).toMatchObject({
      code,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
  });

  test("refuse ids in use, and stopped containers", async () => {
    const { agent } = connection;
    await agent.createContainer(container("exec4", ["sh", "-c", "read x"]));
    await agent.startContainer({ containerId: "exec4" });
    expect(await failure(agent.execProcess(exec("exec4", "exec4", ["true"])))).toMatchObject({
      code: "already-exists",
    });
    await runExec(connection, exec("exec4", "e1", ["true"]));
    expect(await failure(agent.execProcess(exec("exec4", "e1", ["true"])))).toMatchObject({ code: "already-exists" });
    await agent.closeStdin({ containerId: "exec4", execId: "exec4" });
    await agent.waitProcess({ containerId: "exec4", execId: "exec4" });
    expect(await failure(agent.execProcess(exec("exec4", "e2", ["true"])))).toMatchObject({
      code: "failed-precondition",
    });
    await agent.removeContainer({ containerId: "exec4", timeout: 0 });
  });

  test("of 60 leave no processes and no descriptors behind", async () => {
    await using _ = await sleeper("exec5");
    const rss = async () => Number(/vmrss"\} (\d+)/.exec((await connection.agent.getMetrics({})).metrics)?.[1]);
    for (let i = 0; i < 10; i++) await runExec(connection, exec("exec5", `w${i}`, ["true"]));
    const before = await rss();
    await Promise.all(
      Array.from({ length: 8 }, (_, k) => k).map(async (k) => {
        for (let i = 0; i < 6; i++)
          expect((await runExec(connection, exec("exec5", `p${k}-${i}`, ["true"]))).status).toBe(0);
      }),
    );
    const { stdout } = await runExec(connection, exec("exec5", "ps", ["ps", "-o", "args"]));
    expect(stdout.trim().split("\n")).toHaveLength(3);
    expect((await rss()) - before).toBeLessThan(600);
  });
});

describe("signals and waiting", () => {
  test("SIGTERM ends a first process without a handler by SIGKILL", async () => {
    await using _ = await sleeper("sig1");
    await connection.agent.signalProcess({ containerId: "sig1", execId: "sig1", signal: 15 });
    expect((await connection.agent.waitProcess({ containerId: "sig1", execId: "sig1" })).status).toBe(137);
  });

  test("SIGTERM reaches a handler", async () => {
    const { agent } = connection;
    await agent.createContainer(
      container("sig2", ["sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done"]),
    );
    await agent.startContainer({ containerId: "sig2" });
    expect((await agent.readStdout({ containerId: "sig2", execId: "sig2", len: 100 })).data.length).toBe(6);
    await agent.signalProcess({ containerId: "sig2", execId: "sig2", signal: 15 });
    expect((await agent.waitProcess({ containerId: "sig2", execId: "sig2" })).status).toBe(3);
    await agent.signalProcess({ containerId: "sig2", execId: "sig2", signal: 9 });
    await agent.removeContainer({ containerId: "sig2", timeout: 0 });
  });

  test("SIGKILL without exec id takes execs along, and every waiter learns the status", async () => {
    await using _ = await sleeper("sig3");
    const { agent } = connection;
    await agent.execProcess(exec("sig3", "e1", ["sleep", "500"]));
    const waits = ["sig3", "sig3", "e1", ""].map((execId) => agent.waitProcess({ containerId: "sig3", execId }));
    await agent.signalProcess({ containerId: "sig3", execId: "", signal: 9 });
    expect((await Promise.all(waits)).map(({ status }) => status)).toEqual([137, 137, 137, 137]);
  });

  test("refuses what is no signal, no process or no terminal", async () => {
    await using _ = await sleeper("sig4");
    const { agent } = connection;
    for (const signal of [65, 0xffffffff]) {
      expect(await failure(agent.signalProcess({ containerId: "sig4", execId: "", signal }))).toMatchObject({
        code: "invalid-argument",
      });
    }
    await agent.signalProcess({ containerId: "sig4", execId: "", signal: 0 });
    expect(await failure(agent.signalProcess({ containerId: "sig4", execId: "none", signal: 9 }))).toMatchObject({
      code: "not-found",
    });
    expect(await failure(agent.ttyWinResize({ containerId: "sig4", execId: "", row: 1, column: 1 }))).toMatchObject({
      code: "unavailable",
    });
  });
});

describe("resources", () => {
  test("limits are applied, updated and reported", async () => {
    const linux = {
      Resources: {
        Memory: { Limit: 67108864n },
        CPU: { Shares: 512n, Quota: 50000n, Period: 100000n },
        Pids: { Limit: 50n },
      },
    };
    await using _ = await sleeper("res1", { linux });
    const files =
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.weight";
    expect((await runExec(connection, exec("res1", "e1", ["sh", "-c", files]))).stdout).toBe(
      "67108864\n50000 100000\n50\n20\n",
    );
    await connection.agent.updateContainer(
      UpdateContainerRequest.create({
        containerId: "res1",
        resources: { Memory: { Limit: 33554432n }, CPU: { Quota: -1n }, Pids: { Limit: -1n } },
      }),
    );
    expect((await runExec(connection, exec("res1", "e2", ["sh", "-c", files]))).stdout).toBe(
      "33554432\nmax 100000\nmax\n20\n",
    );
    const stats = await connection.agent.statsContainer({ containerId: "res1" });
    expect(stats.cgroupStats?.memoryStats?.usage?.limit).toBe(33554432n);
    expect(stats.cgroupStats?.memoryStats?.usage?.usage).toBeGreaterThan(0n);
    expect(stats.cgroupStats?.pidsStats?.current).toBe(1n);
    expect(stats.cgroupStats?.cpuStats?.cpuUsage?.totalUsage).toBeGreaterThan(0n);
  });

  test("pause stops every process and resume goes on", async () => {
    const { agent } = connection;
    await agent.createContainer(container("pause2", ["sh", "-c", "while :; do echo tick; sleep 0.02; done"]));
    await agent.startContainer({ containerId: "pause2" });
    const read = () => agent.readStdout({ containerId: "pause2", execId: "", len: 65536 });
    await read();
    await agent.pauseContainer({ containerId: "pause2" });
    expect(await failure(agent.pauseContainer({ containerId: "pause2" }))).toMatchObject({
      code: "failed-precondition",
    });
    expect(await failure(agent.execProcess(exec("pause2", "e1", ["true"])))).toMatchObject({
      code: "failed-precondition",
    });
    await Promise.race([read(), new Promise((done) => setTimeout(done, 100))]);
    let moved = false;
    void read().then(() => {
      moved = true;
    });
    await new Promise((done) => setTimeout(done, 300));
    expect(moved).toBe(false);
    await agent.resumeContainer({ containerId: "pause2" });
    await until(() => moved, 60_000, "output after resume");
    await agent.pauseContainer({ containerId: "pause2" });
    await agent.removeContainer({ containerId: "pause2", timeout: 5 });
  });

  test("a container out of memory is reported, and the others live on", async () => {
    await using _ = await sleeper("calm1");
    const event = connection.agent.getOOMEvent({});
    const script = "head -c 100000000 /dev/zero | tail -c 100000000 | wc -c; exit 5";
    const linux = { Resources: { Memory: { Limit: 20971520n, Swap: 20971520n } } };
    const { status } = await runContainer(connection, container("oom1", ["sh", "-c", script], { linux }));
    expect(status).not.toBe(0);
    expect((await event).containerId).toBe("oom1");
    expect((await runExec(connection, exec("calm1", "e1", ["echo", "fine"]))).stdout).toBe("fine\n");
  });

  test("metrics are Prometheus text under upstream's names", async () => {
    const { metrics } = await connection.agent.getMetrics({});
    for (const name of [
      "kata_agent_total_rss",
      "kata_guest_load",
      "kata_guest_meminfo",
      "kata_guest_cpu_time",
      "kata_guest_netdev_stat",
    ]) {
      expect(metrics).toContain(`# TYPE ${name} gauge`);
    }
    expect(metrics).toMatch(/^kata_guest_meminfo\{item="memtotal"\} \d+$/m);
  });
});

describe("the guest as a machine", () => {
  test("its clock and random pool can be set", async () => {
    const { agent } = connection;
    await agent.setGuestDateTime({ Sec: 1_900_000_000n, Usec: 5n });
    const { stdout } = await runContainer(connection, container("clock1", ["date", "+%s"]));
    expect(Math.abs(Number(stdout) - 1_900_000_000)).toBeLessThan(10);
    await agent.setGuestDateTime({ Sec: BigInt(Math.floor(Date.now() / 1000)), Usec: 0n });
    await agent.reseedRandomDev({ data: new Uint8Array(512).fill(7) });
    expect(await failure(agent.reseedRandomDev({ data: new Uint8Array(0) }))).toMatchObject({
      code: "invalid-argument",
    });
    expect(await failure(agent.setGuestDateTime({ Sec: -1n, Usec: 0n }))).toMatchObject({ code: "invalid-argument" });
  });

  test("nothing to bring online is fine, waiting for what does not come is not", async () => {
    await connection.agent.onlineCPUMem({ wait: false, nbCpus: 0, cpuOnly: false });
    expect(await failure(connection.agent.onlineCPUMem({ wait: false, nbCpus: 1, cpuOnly: true }))).toMatchObject({
      code: "deadline-exceeded",
    });
  });

  test("an orphan of a container is reaped without trouble", async () => {
    const { stdout } = await runContainer(
      connection,
      container("orphan1", ["sh", "-c", "(sleep 0.1; echo late) & echo early; sleep 0.3"]),
    );
    expect(stdout).toBe("early\nlate\n");
  });

  test("leaves nothing behind", async () => {
    await using _ = await sleeper("last1", {
      mounts: [{ destination: "/host-cgroup", type: "bind", source: "/sys/fs/cgroup", options: ["bind", "ro"] }],
    });
    const { stdout } = await runExec(
      connection,
      exec("last1", "e1", ["find", "/host-cgroup/kata", "-mindepth", "1", "-type", "d"]),
    );
    expect(stdout).toBe("/host-cgroup/kata/last1\n");
  });
});

test("the sandbox ends with the machine", async () => {
  const second = await vm.open("log");
  second.destroy();
  await connection.agent.createContainer(container("end1", ["sleep", "1000"]));
  await connection.agent.startContainer({ containerId: "end1" });
  const started = performance.now();
  await connection.agent.destroySandbox({});
  expect(await vm.exited).toBe(0);
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(await readAll(connection, "end1").catch(() => "gone")).toBe("gone");
});

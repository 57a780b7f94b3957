import { runToEnd, shell } from "../../../test/native/process.ts";
import { expect, test } from "../../../test/native/runner.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { sleep } from "../../base/clock.ts";
import { signals } from "../signals.ts";

const ok = { kind: "exited", code: 0 } as const;

test("spawn passes arguments and environment unchanged and tells how the program ended", async (context) => {
  const echoed = await runToEnd(context, {
    path: "/bin/sh",
    argv: ["other-name", "-c", 'printf "%s|" "$0" "$@" "$X" "$(env | wc -l)"', "zero", "", "a b", "é\n'\""],
    env: ["X=1=2"],
  });
  // The shell adds PWD.
  expect(echoed).toEqual({ status: ok, output: "zero||a b|é\n'\"|1=2|2|" });
  expect((await shell(context, "exit 42")).status).toEqual({ kind: "exited", code: 42 });
  expect((await shell(context, "kill -9 $$")).status).toEqual({ kind: "signaled", signal: 9 });
});

test("spawn names the step that failed", ({ sys, tempDir }) => {
  const dir = tempDir();
  const argv = ["x"];
  expect(() => sys.spawn({ path: `${dir}/none`, argv, env: [] })).toThrow({
    code: "ENOENT",
    syscall: "spawn (exec)",
    subject: `${dir}/none`,
  });
  sys.writeFile(`${dir}/plain`, "no program");
  expect(() => sys.spawn({ path: `${dir}/plain`, argv, env: [] })).toThrow({ code: "EACCES", syscall: "spawn (exec)" });
  expect(() => sys.spawn({ path: "/bin/true", argv, env: [], cwd: `${dir}/none` })).toThrow({
    code: "ENOENT",
    syscall: "spawn (cwd)",
    subject: `/bin/true in ${dir}/none`,
  });
  expect(() => sys.spawn({ path: "/bin/true", argv, env: [], netns: `${dir}/plain` })).toThrow({
    code: "EINVAL",
    syscall: "spawn (netns)",
  });
  expect(() => sys.spawn({ path: "/bin/true", argv, env: [], cgroupProcs: [`${dir}/no/cgroup.procs`] })).toThrow({
    syscall: "spawn (cgroup)",
  });
  expect(() => sys.spawn({ path: "/bin/true", argv, env: [], fds: [-1, 9999] })).toThrow({
    code: "EBADF",
    syscall: "spawn (descriptors)",
  });
  expect(() => sys.spawn({ path: "/bin/true", argv: [], env: [] })).toThrow({ code: "EINVAL" });
  expect(() => sys.spawn({ path: "/bin/true", argv: ["a\0b"], env: [] })).toThrow({ code: "EINVAL" });
  expect(() => sys.spawn({ path: "/bin/true", argv, env: ["x".repeat(200_000)] })).toThrow({ code: "E2BIG" });
});

test("spawn gives the child the named descriptors and nothing else", async (context) => {
  const { sys } = context;
  const dir = context.tempDir();
  const open = [1, 2, 3].map((n) => sys.open(`${dir}/f${n}`, { write: true, create: true }));
  const [pipeRead, pipeWrite] = sys.pipe();
  const listing = await shell(context, 'for f in /proc/self/fd/*; do readlink "$f"; done; echo x >&5');
  expect(listing.output).toContain("Bad file descriptor");
  const passed = await shell(context, "ls -l /proc/$$/fd; echo hi >&3", {
    fds: [-1, -1, -1, open[1] ?? -1, -1],
  });
  const lines = [...passed.output.matchAll(/\d+ -> .*/g)].map(([line]) => line);
  expect(lines).toHaveLength(5);
  expect(lines[0]).toBe("0 -> /dev/null");
  expect(lines[3]).toBe(`3 -> ${sys.realPath(dir)}/f2`);
  expect(lines[4]).toBe("4 -> /dev/null");
  expect(sys.readText(`${dir}/f2`)).toBe("hi\n");
  for (const fd of [...open, pipeRead, pipeWrite]) sys.close(fd);
});

test("spawn can swap and repeat descriptors", async (context) => {
  const { sys } = context;
  const [r, w] = sys.pipe();
  // The reading end as 4 and the writing end as 3, whatever their own numbers are.
  const swapped = await shell(context, "echo through >&3; exec 3>&-; head -c 8 <&4", { fds: [-1, -1, -1, w, r] });
  expect(swapped).toEqual({ status: ok, output: "through\n" });
  const pid = sys.spawn({ path: "/bin/sh", argv: ["sh", "-c", "echo a; echo b >&2"], env: [], fds: [r, w, w] });
  await context.loop.exited(pid);
  expect(sys.readable(r)).toBe(4);
  sys.close(r);
  sys.close(w);
});

test("spawn with newSession leads a session; with controllingTerminal descriptor 0 is its terminal", async (context) => {
  const { sys } = context;
  const plain = await shell(context, "cut -d' ' -f1,6 /proc/self/stat; cut -d' ' -f6 /proc/$PPID/stat");
  const [child = "", parent = ""] = plain.output.trim().split("\n");
  expect(child.split(" ")[1]).toBe(parent);
  const leader = await shell(context, "cut -d' ' -f1,6,7 /proc/$$/stat", { newSession: true });
  const [pid, session, terminal] = leader.output.trim().split(" ");
  expect(session).toBe(pid);
  expect(terminal).toBe("0");
  const { master, slavePath } = sys.openPty();
  const slave = sys.open(slavePath, { read: true, write: true });
  const onTerminal = await shell(context, "cut -d' ' -f7 /proc/$$/stat; tty", {
    newSession: true,
    controllingTerminal: true,
    fds: [slave, -1, -1],
  });
  sys.close(slave);
  sys.close(master);
  const [number, name] = onTerminal.output.trim().split("\n");
  expect(number === "0").toBe(false);
  expect(name).toBe(slavePath);
  expect(() =>
    sys.spawn({ path: "/bin/true", argv: ["true"], env: [], newSession: true, controllingTerminal: true }),
  ).toThrow({ code: "ENOTTY", syscall: "spawn (terminal)" });
});

test(
  "spawn changes user, groups, limits, umask, oom score and directory",
  async (context) => {
    const { sys } = context;
    const dir = context.tempDir();
    sys.chmod(dir, 0o755);
    const seen = await shell(
      context,
      "id -u; id -g; id -G; umask; ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj; pwd",
      {
        uid: 1234,
        gid: 4321,
        groups: [4321, 5, 6],
        umask: 0o027,
        oomScoreAdj: 500,
        cwd: dir,
        rlimits: [
          { resource: "nofile", soft: 100n, hard: 200n },
          { resource: "core", soft: 0n, hard: 0n },
        ],
      },
    );
    const expected = ["1234", "4321", "4321 5 6", "0027", "100", "200", "0", "500", sys.realPath(dir)];
    expect(seen.output.trim().split("\n")).toEqual(expected);
    const unlimited = await shell(context, "ulimit -s", {
      rlimits: [{ resource: "stack", soft: 0xffffffffffffffffn, hard: 0xffffffffffffffffn }],
    });
    expect(unlimited.output).toBe("unlimited\n");
    expect(() => sys.spawn({ path: "/bin/true", argv: ["true"], env: [], uid: 1234, oomScoreAdj: 5000 })).toThrow({
      code: "EINVAL",
      syscall: "spawn (oom score)",
    });
  },
  { needsRoot: true },
);

test("spawn writes the pid to cgroup.procs before the program starts", async (context) => {
  const { sys } = context;
  const dir = context.tempDir();
  sys.writeFile(`${dir}/one`, "");
  sys.writeFile(`${dir}/two`, "");
  const files = [`${dir}/one`, `${dir}/two`];
  const ran = await shell(context, `echo $$; cat ${dir}/one; echo; cat ${dir}/two`, { cgroupProcs: files });
  const [pid, ...written] = ran.output.trim().split("\n");
  expect(written).toEqual([pid, pid]);
});

test(
  "spawn enters a network namespace and a mount namespace of its own",
  async (context) => {
    const { sys } = context;
    const dir = context.tempDir();
    const before = { net: sys.readLink("/proc/self/ns/net"), mnt: sys.readLink("/proc/self/ns/mnt") };
    // A namespace is kept by a bind mount of its file, as ip-netns(8) does.
    const home = sys.open("/proc/self/ns/net");
    sys.unshare(["mount"]);
    sys.mount({ source: "none", target: "/", options: ["rprivate"] });
    sys.writeFile(`${dir}/netns`, "");
    sys.unshare(["net"]);
    const other = sys.readLink("/proc/self/ns/net");
    sys.mount({ source: "/proc/self/ns/net", target: `${dir}/netns`, options: ["bind"] });
    context.cleanup(() => sys.unmount(`${dir}/netns`, { detach: true }));
    sys.enterNamespace(home, "net");
    sys.close(home);
    expect(sys.readLink("/proc/self/ns/net")).toBe(before.net);
    const inside = await shell(context, "readlink /proc/self/ns/net; ls /sys/class/net | wc -l", {
      netns: `${dir}/netns`,
    });
    expect(inside.output.split("\n")[0]).toBe(other);
    sys.mkdir(`${dir}/m`);
    const script = `mount -t tmpfs t ${dir}/m && touch ${dir}/m/hidden && ls ${dir}/m && readlink /proc/self/ns/mnt`;
    const mounted = await shell(context, script, { newMountNamespace: true });
    const [name, ns] = mounted.output.trim().split("\n");
    expect(name).toBe("hidden");
    expect(ns === sys.readLink("/proc/self/ns/mnt")).toBe(false);
    expect(sys.readDir(`${dir}/m`)).toEqual([]);
  },
  { needsRoot: true },
);

test("spawn starts the program with default signals, although the caller blocks and ignores some", async (context) => {
  const stop = context.loop.onSignal([signals.SIGUSR1, signals.SIGTERM], () => {});
  const status = await runToEnd(context, { path: "/bin/cat", argv: ["cat", "/proc/self/status"], env: [] });
  stop();
  const masks = status.output.split("\n").filter((line) => /^Sig(Blk|Ign|Cgt)/.test(line));
  expect(masks).toHaveLength(3);
  // Signals 32 and 33 are the C library's own: it refuses to reset them when our caller had them ignored.
  const ownedByLibc = 0b11n << 31n;
  for (const line of masks) expect(BigInt(`0x${line.split("\t")[1]}`) & ~ownedByLibc).toBe(0n);
  expect((await shell(context, "kill -TERM $$")).status).toEqual({ kind: "signaled", signal: 15 });
  // yes(1) ends by SIGPIPE when head goes.
  expect((await shell(context, "yes | head -n 1")).output).toBe("y\n");
});

test("helper for the next test: a parent that spawns and dies", ({ sys }) => {
  if (sys.env("NATIVE_TEST_HELPER") === undefined) return;
  const argv = ["sleep", "30"];
  const kept = sys.spawn({ path: "/bin/sleep", argv, env: [] });
  const killed = sys.spawn({ path: "/bin/sleep", argv, env: [], deathSignal: signals.SIGKILL });
  sys.write(1, utf8Encode(`${kept} ${killed}`));
  sys.exit(0);
});

test("spawn with deathSignal ends the child when its parent dies", async (context) => {
  const { sys, loop } = context;
  const ran = await runToEnd(context, {
    path: sys.realPath("/proc/self/exe"),
    argv: ["native-tests", "helper for the next test"],
    env: ["NATIVE_TEST_HELPER=1"],
  });
  const [kept = 0, killed = 0] = ran.output.split(" ").map(Number);
  const state = (pid: number) => /\) (\w)/.exec(sys.readText(`/proc/${pid}/stat`))?.[1];
  // Its new parent may not have reaped it yet.
  for (let i = 0; i < 100 && sys.exists(`/proc/${killed}`) && state(killed) !== "Z"; i++) await sleep(loop, 5);
  expect(sys.exists(`/proc/${killed}`) ? state(killed) : "gone").toMatch(/Z|gone/);
  expect(state(kept)).toMatch(/[RSD]/);
  sys.kill(kept, signals.SIGKILL);
});

test("spawn leaves no descriptor in the parent and no zombie when exec fails", async ({ sys, loop }) => {
  for (let i = 0; i < 50; i++) {
    expect(() => sys.spawn({ path: "/does/not/exist", argv: ["x"], env: [] })).toThrow({ code: "ENOENT" });
  }
  await sleep(loop, 5);
  expect(sys.reap()).toBeUndefined();
});

test("a program reads what is written to its input", async (context) => {
  const { sys } = context;
  const [r, w] = sys.pipe();
  sys.write(w, utf8Encode("input\n"));
  sys.close(w);
  const read = await shell(context, "read line; echo got $line", { fds: [r] });
  sys.close(r);
  expect(read.output).toBe("got input\n");
});

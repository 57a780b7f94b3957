import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { container, exec, runContainer, runExec, sandbox } from "../support/agent-requests.ts";
import { makeBusyboxRootfs } from "../support/busybox-rootfs.ts";
import { type AgentConnection, GuestVm } from "../support/guest-vm.ts";

// A pid namespace that the containers of a pod share: its PID 1 belongs to none of them.

let share: string;
let vm: GuestVm;
let connection: AgentConnection;

beforeAll(async () => {
  share = mkdtempSync(join(tmpdir(), "kata-share-"));
  makeBusyboxRootfs(join(share, "rootfs"));
  vm = await GuestVm.start({ share: { dir: share, tag: "kataShared" }, memoryMib: 512 });
  connection = await vm.connect();
  await connection.agent.createSandbox(sandbox());
});
afterAll(async () => {
  await vm?.destroy();
  rmSync(share, { recursive: true, force: true });
});

const shared = (id: string, args: string[], capabilities: string[] = []) =>
  container(id, args, {
    request: { sandboxPidns: true },
    ...(capabilities.length === 0
      ? {}
      : { process: { Capabilities: { Bounding: capabilities, Effective: capabilities, Permitted: capabilities } } }),
  });

async function start(id: string, args: string[]): Promise<void> {
  await connection.agent.createContainer(shared(id, args));
  await connection.agent.startContainer({ containerId: id });
}
const remove = (id: string) => connection.agent.removeContainer({ containerId: id, timeout: 0 });
const sh = async (id: string, script: string) => {
  const { status, stdout, stderr } = await runExec(
    connection,
    exec(id, `e${Math.random()}`.slice(0, 12), ["sh", "-c", script]),
  );
  if (status !== 0) throw new Error(`${script}: ${status} ${stderr}`);
  return stdout.trim();
};

test("containers see each other, whichever of them ends first", async () => {
  await start("first", ["sleep", "991"]);
  await start("second", ["sleep", "992"]);
  expect(await sh("second", "ps -o args")).toContain("sleep 991");
  await remove("first");
  expect(await sh("second", "ps -o args")).not.toContain("sleep 991");
  await start("first", ["sleep", "993"]);
  expect(await sh("second", "ps -o args")).toContain("sleep 993");
  await remove("second");
  expect(await sh("first", "ps -o args")).toContain("sleep 993");
  await remove("first");
});

test("its PID 1 reaps orphans, ignores the containers' signals and shows them nothing of the guest", async () => {
  const capabilities = ["CAP_SYS_PTRACE", "CAP_KILL", "CAP_SETUID", "CAP_DAC_OVERRIDE"];
  const script = [
    "sh -c 'sleep 0.1 & exit 0'; sleep 0.5; ps -o stat,args | grep -c '^Z' || true",
    "kill -9 1; kill -15 1; sleep 0.2; cat /proc/1/comm",
    "grep -E '^(Uid|CapPrm|NoNewPrivs)' /proc/1/status | tr -s '\\t' ' '",
    "grep -E '^RssAnon' /proc/1/status | tr -s ' \\t' ' '",
    "ls /proc/1/root/ /proc/1/root/.. 2>&1; ls /proc/1/fd",
  ].join("\n");
  const { stdout } = await runContainer(connection, shared("looker", ["sh", "-c", script], capabilities));
  const [memory, ...others] = stdout.trimEnd().split("\n").reverse().slice(3);
  expect(Number(/^RssAnon: (\d+) kB$/.exec(memory ?? "")?.[1])).toBeLessThan(300);
  expect(others.reverse()).toEqual([
    "0",
    "pod-reaper",
    "Uid: 65534 65534 65534 65534",
    "CapPrm: 0000000000000000",
    "NoNewPrivs: 1",
  ]);
  expect(stdout).toMatch(/\n\/proc\/1\/root\/:\n\n\/proc\/1\/root\/\.\.:\n$/);
});

test("a container's leftovers end with its first process, which SIGTERM ends by itself", async () => {
  await start("keeper", ["sleep", "994"]);
  await start("parent", ["sh", "-c", "sleep 995 & sleep 996"]);
  expect(await sh("keeper", "ps -o args | grep -c 'sleep 99[56]'")).toBe("2");
  await connection.agent.signalProcess({ containerId: "parent", execId: "parent", signal: 15 });
  expect((await connection.agent.waitProcess({ containerId: "parent", execId: "parent" })).status).toBe(143);
  await expect.poll(() => sh("keeper", "ps -o args | grep -c 'sleep 99[56]' || true"), { timeout: 30_000 }).toBe("0");
  await remove("parent");
  await remove("keeper");
});

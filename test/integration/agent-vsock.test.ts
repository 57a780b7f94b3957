import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentService, healthService } from "../../src/wire/services/agent.ts";
import { TtrpcClient } from "../../src/wire/ttrpc/client.ts";
import { createClient } from "../../src/wire/ttrpc/create-client.ts";
import { GuestVm, until } from "../support/guest-vm.ts";
import { NodeStream, nodeClock } from "../support/node-stream.ts";

/** The daemon that gives a guest vsock without the host's kernel module; newer than Debian 12, so it may be missing. */
function findDaemon(): string | undefined {
  try {
    return execFileSync("sh", ["-c", "command -v vhost-device-vsock"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

const daemon = process.env.KATA_TEST_VHOST_DEVICE_VSOCK ?? findDaemon();

describe.skipIf(daemon === undefined)("over hybrid vsock", () => {
  let dir: string;
  let helper: ChildProcess;
  let vm: GuestVm;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "kata-vsock-"));
    helper = spawn(daemon ?? "", ["--vm", `guest-cid=3,socket=${dir}/vhost.sock,uds-path=${dir}/hybrid.sock`], {
      stdio: "ignore",
    });
    await until(() => existsSync(`${dir}/vhost.sock`), 60_000, "vhost-device-vsock");
    vm = await GuestVm.start({
      kernelParams: ["quiet", "agent.debug_console", "agent.server_addr=vsock://-1:2048"],
      qemuArgs: ["-chardev", `socket,id=vs,path=${dir}/vhost.sock`, "-device", "vhost-user-vsock-pci,chardev=vs"],
    });
  });

  afterAll(async () => {
    await vm?.destroy();
    helper?.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  /** One connection to a port of the guest; undefined while nobody listens. */
  const tryDial = (port: number) =>
    new Promise<Socket | undefined>((done) => {
      const socket = connect(`${dir}/hybrid.sock`);
      socket.once("error", () => done(undefined));
      socket.once("close", () => done(undefined));
      socket.once("connect", () => socket.write(`CONNECT ${port}\n`));
      socket.once("data", (answer) => {
        socket.removeAllListeners("close");
        done(answer.toString().startsWith("OK") ? socket : undefined);
      });
    });

  async function dial(port: number): Promise<Socket> {
    let socket: Socket | undefined;
    await until(
      async () => {
        socket = await tryDial(port);
        return socket !== undefined;
      },
      20_000,
      `vsock port ${port}`,
    );
    if (socket === undefined) throw new Error("no socket");
    return socket;
  }

  test("the agent answers beside virtio-serial, on the port it was told", async () => {
    const client = new TtrpcClient({ stream: new NodeStream(await dial(2048)), clock: nodeClock });
    const serial = await vm.connect();
    const [one, other] = await Promise.all([
      createClient(healthService, client).version({ service: "" }),
      serial.health.version({ service: "" }),
    ]);
    expect(one).toEqual(other);
    expect((await createClient(agentService, client).listInterfaces({})).Interfaces.map(({ name }) => name)).toContain(
      "lo",
    );
    client.close();
  });

  test("the log and the debug console answer", async () => {
    let log = "";
    const logSocket = await dial(1025);
    logSocket.on("data", (chunk) => {
      log += chunk.toString();
    });
    await until(() => log.includes("agent ready"), 60_000, "the log");
    logSocket.destroy();
    let screen = "";
    const console = await dial(1026);
    console.on("data", (chunk) => {
      screen += chunk.toString();
    });
    console.write("echo $((40+2))-$$\n");
    await until(() => /42-\d+/.test(screen) || screen.includes("no shell"), 60_000, "the console");
    console.destroy();
  });
});

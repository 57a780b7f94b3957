import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { agentService, healthService } from "../../src/wire/services/agent.ts";
import { TtrpcClient } from "../../src/wire/ttrpc/client.ts";
import { createClient, type ServiceClient } from "../../src/wire/ttrpc/create-client.ts";
import { NodeStream, nodeClock } from "./node-stream.ts";

/** What a test guest is started with. */
export interface GuestOptions {
  /** Directory with vmlinux and initrd.img; out/guest, or the environment's KATA_TEST_GUEST. */
  readonly guestDir?: string;
  readonly memoryMib?: number;
  readonly cpus?: number;
  /** Appended to the kernel command line. */
  readonly kernelParams?: readonly string[];
  /** Further QEMU arguments; `{dir}` stands for the guest's scratch directory. */
  readonly qemuArgs?: readonly string[];
  /** Share this directory by virtio-fs, with this tag. */
  readonly share?: { readonly dir: string; readonly tag: string };
}

const BASE_PARAMS =
  "console=ttyS0 panic=1 reboot=k cryptomgr.notests net.ifnames=0 tsc=reliable no_timer_check rcupdate.rcu_expedited=1 swiotlb=noforce";

/** A guest under QEMU's emulation, and the agent inside it over virtio-serial. */
export class GuestVm {
  readonly dir: string;
  readonly startedAt = performance.now();
  private readonly children: ChildProcess[] = [];
  private readonly sockets: Socket[] = [];
  private answered = false;
  /** Resolves with QEMU's exit status. */
  readonly exited: Promise<number | null>;

  private constructor(dir: string, virtiofsd: ChildProcess | undefined, qemu: ChildProcess) {
    this.dir = dir;
    if (virtiofsd !== undefined) this.children.push(virtiofsd);
    this.children.push(qemu);
    this.exited = new Promise((done) => qemu.once("exit", done));
  }

  static async start(options: GuestOptions = {}): Promise<GuestVm> {
    const dir = mkdtempSync(join(tmpdir(), "kata-guest-"));
    const guest = resolve(options.guestDir ?? process.env.KATA_TEST_GUEST ?? "out/guest");
    const memory = options.memoryMib ?? 256;
    const share = options.share;
    let virtiofsd: ChildProcess | undefined;
    if (share !== undefined) {
      virtiofsd = spawn(
        "/usr/lib/qemu/virtiofsd",
        [`--socket-path=${dir}/fs.sock`, "-o", `source=${share.dir}`, "-o", "cache=auto"],
        {
          stdio: "ignore",
        },
      );
      await until(() => existsSync(`${dir}/fs.sock`), 60_000, "virtiofsd");
    }
    const port = (name: string) => [
      "-chardev",
      `socket,id=${name},path=${dir}/${name}.sock,server=on,wait=off`,
      "-device",
      `virtserialport,bus=vs0.0,chardev=${name},name=agent.${name}.0`,
    ];
    const qemu = spawn(
      "qemu-system-x86_64",
      [
        ...[
          "-machine",
          "q35,accel=tcg,memory-backend=mem",
          "-cpu",
          "max,la57=off,erms=off,fsrm=off",
          "-smp",
          String(options.cpus ?? 1),
        ],
        ...["-m", `${memory}M`, "-object", `memory-backend-memfd,id=mem,size=${memory}M,share=on`],
        ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", `file:${dir}/console.log`],
        ...["-qmp", `unix:${dir}/qmp.sock,server=on,wait=off`],
        ...["-kernel", `${guest}/vmlinux`, "-initrd", `${guest}/initrd.img`],
        ...["-append", [BASE_PARAMS, ...(options.kernelParams ?? ["quiet"])].join(" ")],
        ...["-device", "virtio-serial-pci,id=vs0", ...port("channel"), ...port("log"), ...port("debug")],
        ...["-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0"],
        ...(share === undefined
          ? []
          : [
              "-chardev",
              `socket,id=fs0,path=${dir}/fs.sock`,
              "-device",
              `vhost-user-fs-pci,chardev=fs0,tag=${share.tag}`,
            ]),
        ...(options.qemuArgs ?? []).map((argument) => argument.replaceAll("{dir}", dir)),
      ],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    const vm = new GuestVm(dir, virtiofsd, qemu);
    await until(() => existsSync(`${dir}/channel.sock`) || qemu.exitCode !== null, 60_000, "QEMU");
    return vm;
  }

  /** What the guest printed on its console. */
  get console(): string {
    return existsSync(`${this.dir}/console.log`) ? readFileSync(`${this.dir}/console.log`, "utf8") : "";
  }

  /** Connects to one of the ports: `channel`, `log` or `debug`. QEMU makes a socket's file before it listens. */
  async open(name: string): Promise<Socket> {
    const giveUpAt = performance.now() + 2000;
    for (;;) {
      const socket = connect(`${this.dir}/${name}.sock`);
      this.sockets.push(socket);
      const error = await new Promise<Error | undefined>((done) => {
        socket.once("connect", () => done(undefined));
        socket.once("error", done);
      });
      if (error === undefined) return socket;
      if (performance.now() > giveUpAt) throw error;
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  /**
   * Connects to the agent and waits until it answers. A host that comes back right after another one left cannot know
   * whether the guest noticed the change in the middle of a frame: when it gets no answer it leaves for a moment.
   */
  async connect(timeoutMs = 30_000): Promise<AgentConnection> {
    const giveUpAt = performance.now() + timeoutMs;
    for (let patienceMs = 5000; ; patienceMs = 1000) {
      const socket = await this.open("channel");
      const client = new TtrpcClient({ stream: new NodeStream(socket), clock: nodeClock });
      const health = createClient(healthService, client);
      try {
        await health.check({ service: "" }, { timeoutMs: this.answered ? 1000 : patienceMs });
        this.answered = true;
        return { socket, client, health, agent: createClient(agentService, client) };
      } catch (error) {
        if (performance.now() > giveUpAt || this.children.at(-1)?.exitCode !== null) {
          throw new Error(`no agent: ${error}\n${this.console.slice(-3000)}`);
        }
        socket.destroy();
        await new Promise((done) => setTimeout(done, 100));
      }
    }
  }

  /** One QMP command on a connection of its own; resolves with the value of `return`. */
  async qmp(execute: string, args: object = {}): Promise<unknown> {
    const socket = connect(`${this.dir}/qmp.sock`);
    let text = "";
    const reply = (id: string) =>
      new Promise<unknown>((done, failed) => {
        const look = () => {
          for (const line of text.split("\r\n")) {
            if (!line.includes(`"id": "${id}"`)) continue;
            const message = JSON.parse(line);
            if (message.error === undefined) done(message.return);
            else failed(new Error(`${execute}: ${message.error.desc}`));
          }
        };
        socket.on("data", look);
        look();
      });
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.write(`${JSON.stringify({ execute: "qmp_capabilities", id: "c" })}\n`);
    await reply("c");
    socket.write(`${JSON.stringify({ execute, arguments: args, id: "x" })}\n`);
    try {
      return await reply("x");
    } finally {
      socket.destroy();
    }
  }

  /** Ends the machine the hard way and removes everything. */
  async destroy(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    for (const child of this.children) child.kill("SIGKILL");
    await this.exited;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A connection to the agent. */
export interface AgentConnection {
  readonly socket: Socket;
  readonly client: TtrpcClient;
  readonly health: ServiceClient<typeof healthService>;
  readonly agent: ServiceClient<typeof agentService>;
}

/** Waits until `condition` holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`Timed out waiting for ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

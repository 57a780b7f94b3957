import {
  CreateContainerRequest,
  CreateSandboxRequest,
  ExecProcessRequest,
  type Storage,
} from "../../src/wire/gen/agent/agent.ts";
import { type Linux, type Mount, Process } from "../../src/wire/gen/agent/oci.ts";
import type { DeepPartial } from "../../src/wire/protobuf/message-type.ts";
import type { AgentConnection } from "./guest-vm.ts";

/** Where the host's share is mounted in the guest. */
export const SHARE = "/run/kata-containers/shared/containers";

const CAPABILITIES =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    .split(" ")
    .map((name) => `CAP_${name}`);

type ProcessFields = DeepPartial<Process>;

/** An OCI process with containerd's default capabilities. */
export function process(args: readonly string[], fields: ProcessFields = {}): Process {
  return Process.create({
    Args: args,
    Env: ["PATH=/usr/bin:/bin", "TERM=xterm"],
    Cwd: "/",
    User: {},
    Capabilities: { Bounding: CAPABILITIES, Effective: CAPABILITIES, Permitted: CAPABILITIES },
    NoNewPrivileges: true,
    ...fields,
  });
}

/** What a test wants different from containerd's default specification. */
export interface ContainerFields {
  readonly process?: ProcessFields;
  readonly mounts?: readonly DeepPartial<Mount>[];
  readonly linux?: DeepPartial<Linux>;
  readonly annotations?: Record<string, string>;
  readonly root?: string;
  readonly readonlyRoot?: boolean;
  readonly storages?: readonly DeepPartial<Storage>[];
  readonly request?: DeepPartial<CreateContainerRequest>;
}

/** A CreateContainer request as a host would send it for a busybox container. */
export function container(id: string, args: readonly string[], fields: ContainerFields = {}): CreateContainerRequest {
  return CreateContainerRequest.create({
    containerId: id,
    execId: id,
    storages: fields.storages ?? [],
    OCI: {
      Version: "1.0.2",
      Process: process(args, fields.process),
      Root: { Path: fields.root ?? `${SHARE}/rootfs`, Readonly: fields.readonlyRoot ?? false },
      Hostname: "web",
      Mounts: [
        { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
        {
          destination: "/dev",
          type: "tmpfs",
          source: "tmpfs",
          options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
        { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
        {
          destination: "/sys/fs/cgroup",
          type: "cgroup",
          source: "cgroup",
          options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
        },
        { destination: "/dev/shm", type: "bind", source: "/run/kata-containers/sandbox/shm", options: ["rbind"] },
        ...(fields.mounts ?? []),
      ],
      Annotations: fields.annotations ?? {},
      Linux: {
        Namespaces: ["pid", "ipc", "uts", "mount"].map((Type) => ({ Type })),
        MaskedPaths: ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
        ReadonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        ...fields.linux,
      },
    },
    ...fields.request,
  });
}

/** An ExecProcess request. */
export function exec(
  containerId: string,
  execId: string,
  args: readonly string[],
  fields: ProcessFields = {},
): ExecProcessRequest {
  return ExecProcessRequest.create({ containerId, execId, process: process(args, fields) });
}

/** A CreateSandbox request as a host with a virtio-fs share sends it. */
export function sandbox(fields: DeepPartial<CreateSandboxRequest> = {}): CreateSandboxRequest {
  return CreateSandboxRequest.create({
    hostname: "web",
    sandboxId: "sandbox1",
    storages: [
      { driver: "virtio-fs", source: "kataShared", fstype: "virtiofs", mountPoint: `${SHARE}/` },
      {
        driver: "ephemeral",
        source: "shm",
        fstype: "tmpfs",
        mountPoint: "/run/kata-containers/sandbox/shm",
        options: ["noexec", "nosuid", "nodev", "mode=1777", "size=67108864"],
      },
    ],
    ...fields,
  });
}

/** Reads one output of a process to its end. */
export async function readAll(
  { agent }: AgentConnection,
  containerId: string,
  execId = containerId,
  stream: "stdout" | "stderr" = "stdout",
): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const request = { containerId, execId, len: 65536 };
    const { data } = await (stream === "stdout" ? agent.readStdout(request) : agent.readStderr(request));
    if (data.length === 0) return Buffer.concat(chunks).toString();
    chunks.push(data);
  }
}

/** How a program went. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Creates, starts and waits for a container, then removes it. */
export async function runContainer(connection: AgentConnection, request: CreateContainerRequest): Promise<Outcome> {
  const { agent } = connection;
  const { containerId } = request;
  await agent.createContainer(request);
  await agent.startContainer({ containerId });
  await agent.closeStdin({ containerId, execId: containerId });
  const outcome = await finish(connection, containerId, containerId);
  await agent.removeContainer({ containerId, timeout: 0 });
  return outcome;
}

/** Starts a process in a container and waits for it. */
export async function runExec(connection: AgentConnection, request: ExecProcessRequest): Promise<Outcome> {
  const { containerId, execId } = request;
  await connection.agent.execProcess(request);
  await connection.agent.closeStdin({ containerId, execId });
  return finish(connection, containerId, execId);
}

async function finish(connection: AgentConnection, containerId: string, execId: string): Promise<Outcome> {
  const [stdout, stderr, { status }] = await Promise.all([
    readAll(connection, containerId, execId),
    readAll(connection, containerId, execId, "stderr"),
    connection.agent.waitProcess({ containerId, execId }),
  ]);
  return { status, stdout, stderr };
}

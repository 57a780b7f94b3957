import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { RequestOf, ResponseOf } from "../../../src/wire/codec.ts";
import type { DeepPartial } from "../../../src/wire/protobuf/message-type.ts";
import { type Containerd, type ContainerdVersion, pauseImageName, startContainerd } from "../containerd.ts";
import { repository } from "../kata-ctl.ts";
import { NetNamespace } from "../net-namespace.ts";
import { demoImage, pauseImage } from "../pause-image.ts";
import { writeCniConfiguration } from "./cni.ts";
import { ExecStream } from "./exec-stream.ts";
import { GrpcConnection, GrpcError } from "./grpc.ts";
import { Pod, type PodOptions } from "./pod.ts";
import { namespaceMode } from "./pod-messages.ts";
import { runtimeService } from "./service.ts";

/** Runtime handlers of the test containerds' configuration. */
export type Handler = "kata" | "runc";

type Service = typeof runtimeService;
type Method = keyof Service["methods"];

const CGROUP_ROOT = "/sys/fs/cgroup";
const namespace = "k8s.io";
const defaultTimeoutMs = 120_000;

/**
 * A containerd with CRI and CNI in a network namespace of its own, driven as kubelet does. Sockets of the streaming server
 * and of pods are reached through that namespace, which is the node's side of the pods' bridge.
 */
export class CriHost {
  readonly directory: string;
  readonly containerd: Containerd;
  readonly node: NetNamespace;
  /** Name of the demo image. */
  readonly image = "localhost/kata-test/busybox:1";
  private grpc: GrpcConnection;
  private readonly pods = new Set<Pod>();
  private counter = 0;

  private constructor(directory: string, node: NetNamespace, containerd: Containerd) {
    this.directory = directory;
    this.node = node;
    this.containerd = containerd;
    this.grpc = new GrpcConnection(containerd.address);
  }

  /** Starts it and imports the images. */
  static async start(
    version: ContainerdVersion,
    options: { readonly sandboxer?: "podsandbox" | "shim" } = {},
  ): Promise<CriHost> {
    const directory = mkdtempSync("/tmp/kata-cri-");
    const node = new NetNamespace();
    await node.ready();
    const containerd = await startContainerd({
      version,
      directory,
      prefix: node.prefix,
      kataConfiguration: writeKataConfiguration(directory),
      cri: { cniConfDir: writeCniConfiguration(directory), ...options },
    });
    const host = new CriHost(directory, node, containerd);
    try {
      for (const controller of host.cgroupDirectories()) mkdirSync(controller, { recursive: true });
      await containerd.importImage(pauseImage(), pauseImageName, namespace);
      await containerd.importImage(demoImage, host.image, namespace);
      await host.ready();
    } catch (error) {
      await host.stop();
      throw error;
    }
    return host;
  }

  /** Kills containerd, has `meanwhile` done, and starts it again. */
  async restart(meanwhile: () => Promise<void>): Promise<void> {
    this.grpc.close();
    await this.containerd.end("SIGKILL");
    await meanwhile();
    await this.containerd.start();
    this.grpc = new GrpcConnection(this.containerd.address);
    await this.ready();
  }

  /** Makes a call of CRI's RuntimeService. Rejects with GrpcError. */
  call<M extends Method>(
    method: M,
    request: DeepPartial<RequestOf<Service, M>>,
    timeoutMs = defaultTimeoutMs,
  ): Promise<ResponseOf<Service, M>> {
    return this.grpc.call(runtimeService, method, request, timeoutMs);
  }

  /** Runs a pod whose logs are below the host's directory. */
  async runPod(handler: Handler, options: PodOptions = {}): Promise<Pod> {
    const name = `pod${++this.counter}`;
    const logDirectory = path.join(this.directory, "logs", name);
    mkdirSync(logDirectory, { recursive: true });
    const config: PodOptions = {
      metadata: { name, uid: `uid-${name}`, namespace: "default", attempt: 0 },
      logDirectory,
      ...options,
      linux: {
        cgroupParent: this.cgroupParent,
        ...options.linux,
        securityContext: { namespaceOptions: { pid: namespaceMode.container }, ...options.linux?.securityContext },
      },
    };
    const { podSandboxId } = await this.call("RunPodSandbox", { config, runtimeHandler: handler });
    const pod = new Pod(this, podSandboxId, config);
    this.pods.add(pod);
    return pod;
  }

  /** Opens what Exec or Attach answered with. */
  openStream(url: string): Promise<ExecStream> {
    return ExecStream.open(url, (host, port) => this.node.connect(host, port));
  }

  forget(pod: Pod): void {
    this.pods.delete(pod);
  }

  /** Removes the pods that a test left, for example because it failed. */
  async removePods(): Promise<void> {
    for (const pod of [...this.pods]) await pod.remove();
  }

  /** Ends it with everything that it started. */
  async stop(): Promise<void> {
    await this.removePods().catch(() => {});
    this.grpc.close();
    await this.containerd.stop();
    await this.node.close();
    for (const directory of this.cgroupDirectories()) if (existsSync(directory)) removeCgroup(directory);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Parent of the pods' cgroups, in every hierarchy; kubelet makes it, so the test does. */
  private get cgroupParent(): string {
    return `/${path.basename(this.directory)}`;
  }

  private cgroupDirectories(): string[] {
    const unified = existsSync(`${CGROUP_ROOT}/cgroup.controllers`);
    const hierarchies = unified ? [CGROUP_ROOT] : readdirSync(CGROUP_ROOT).map((name) => `${CGROUP_ROOT}/${name}`);
    return hierarchies.map((hierarchy) => `${hierarchy}${this.cgroupParent}`);
  }

  private async conditions(): Promise<readonly { readonly type: string; readonly status: boolean }[]> {
    try {
      return (await this.call("Status", { verbose: false })).status?.conditions ?? [];
    } catch (error) {
      // After a restart the socket is there before the plugin is.
      if (error instanceof GrpcError && error.message.includes("server is not initialized yet")) return [];
      throw error;
    }
  }

  private async ready(): Promise<void> {
    const giveUpAt = Date.now() + 60_000;
    for (;;) {
      const conditions = await this.conditions();
      // These two are what kubelet asks for (CRI's RuntimeCondition); 2.x has one more that tells of what is outdated.
      const isMet = (name: string) => conditions.some(({ type, status }) => type === name && status);
      if (["RuntimeReady", "NetworkReady"].every(isMet)) return;
      if (Date.now() > giveUpAt) throw new Error(`containerd is not ready: ${JSON.stringify(conditions)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** The configuration of the build, with seccomp profiles in force as runc has them. */
function writeKataConfiguration(directory: string): string {
  const built = path.join(repository, "out/etc/kata-containers/configuration.toml");
  const text = readFileSync(process.env.KATA_TEST_CONFIG ?? built, "utf8");
  const file = path.join(directory, "configuration.toml");
  writeFileSync(file, text.replace("disable_guest_seccomp = true", "disable_guest_seccomp = false"));
  return file;
}

function removeCgroup(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(path.join(directory, entry.name));
  }
  rmdirSync(directory);
}

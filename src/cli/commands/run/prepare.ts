import { KataError } from "../../../base/error.ts";
import { randomHex } from "../../../base/ids.ts";
import { familiarName } from "../../../image/reference.ts";
import type { ResolvedImage } from "../../../image/service.ts";
import { ToolRunner, toolFailure, tools } from "../../../image/tool.ts";
import type { ImageConfig } from "../../../oci/image.ts";
import { signals } from "../../../sys/signals.ts";
import { UsageError } from "../../args/usage-error.ts";
import { parseSignal } from "../../args/values.ts";
import type { CommandContext } from "../../context.ts";
import { resolveVolume } from "../../spec/bind-source.ts";
import { type BindMount, buildSpec } from "../../spec/build-spec.ts";
import { chooseCapabilities } from "../../spec/capabilities.ts";
import { buildEnvironment } from "../../spec/environment.ts";
import { environmentFromFiles } from "../../spec/environment-files.ts";
import { findInRoot } from "../../spec/in-root.ts";
import { WritableLayer } from "../../spec/layer.ts";
import { renderHosts, renderResolvConf } from "../../spec/network-files.ts";
import { chooseArguments, lookUpUser, requireDirectory } from "../../spec/prepare-process.ts";
import { requireProgram } from "../../spec/program.ts";
import type { ContainerRecord, RootfsSource } from "../../state/record.ts";
import type { ContainerStore, OwnedContainer } from "../../state/store.ts";
import { terminalSize } from "../../task/terminal.ts";
import type { RunFlags } from "./flags.ts";

const idBytes = 32;
const defaultStopSeconds = 10;
/** What the specification mounts over the root file system in any case. */
const systemMounts = ["/proc", "/dev", "/sys"];

/** What a container is made of. */
export interface PrepareInput {
  readonly flags: RunFlags;
  /** Undefined with `--rootfs`. */
  readonly image: ResolvedImage | undefined;
  /** The lower directory: the unpacked image, or the user's. */
  readonly lower: string;
  readonly args: readonly string[];
  readonly terminal: boolean;
}

/** A process and its place, checked against the image. */
interface Plan {
  readonly id: string;
  readonly hostname: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: ReturnType<typeof lookUpUser>;
  readonly binds: readonly BindMount[];
  readonly volumes: readonly string[];
}

/**
 * Checks what the user asked for against the image, then makes the container's record, writable layer and bundle.
 * Nothing is left behind when it throws.
 */
export async function prepareContainer(
  context: CommandContext,
  store: ContainerStore,
  input: PrepareInput,
): Promise<OwnedContainer> {
  const plan = planContainer(context, input);
  const container = await store.create(recordOf(context, input, plan), input.flags.name);
  try {
    await fillContainer(context, input, plan, container);
    return container;
  } catch (error) {
    context.sys.close(container.ownerFd);
    store.remove(container.record.id);
    throw error;
  }
}

function planContainer(context: CommandContext, { args, flags, image, lower, terminal }: PrepareInput): Plan {
  const { sys } = context;
  const config = image?.config;
  const id = randomHex(sys, idBytes);
  const hostname = flags.hostname ?? id.slice(0, 12);
  const binds = flags.volume.map((volume) => resolveVolume(sys, volume));
  const mounted = [...systemMounts, ...[...flags.volume, ...flags.tmpfs].map(({ destination }) => destination)];
  requireDistinct(mounted);
  const user = lookUpUser(sys, lower, flags.user ?? config?.user ?? "");
  const cwd = flags.workdir ?? (config?.workingDir || "/");
  if (flags.workdir !== undefined) requireDirectory(sys, lower, flags.workdir, mounted);
  const env = buildEnvironment({
    image: config?.env ?? [],
    hostname,
    home: user.home,
    terminal,
    flags: [...environmentFromFiles(sys, flags.envFile), ...flags.env],
    lookUp: (name) => sys.env(name),
  });
  const chosen = chooseArguments(config, { entrypoint: flags.entrypoint, args });
  const searchPath = env.find((entry) => entry.startsWith("PATH="))?.slice(5) ?? "";
  requireProgram(sys, { root: lower, program: chosen[0] ?? "", cwd, searchPath, mounted });
  const volumes = (config?.volumes ?? []).filter((path) => isCleanPath(path) && !mounted.includes(path));
  return { id, hostname, args: chosen, env, cwd, user, binds, volumes };
}

/** An image's own paths are hostile: odd ones are no volumes. */
function isCleanPath(path: string): boolean {
  return /^\/[^\0\n]+$/.test(path) && !/\/\.{0,2}(\/|$)/.test(path);
}

function requireDistinct(destinations: readonly string[]): void {
  const twice = destinations.find((path, index) => destinations.indexOf(path) !== index);
  if (twice !== undefined) throw new UsageError(`Two mounts have the destination ${twice}`, { field: "-v" });
}

function recordOf(context: CommandContext, input: PrepareInput, plan: Plan): Omit<ContainerRecord, "name"> {
  const { flags, image, lower, terminal } = input;
  const { config } = context.global;
  const source: RootfsSource =
    image === undefined
      ? { kind: "directory", path: lower }
      : { kind: "image", name: familiarName(image.record.name), id: image.record.id };
  return {
    id: plan.id,
    rootfs: source,
    command: plan.args,
    createdMs: context.loop.wallMs(),
    labels: { ...image?.config.labels, ...Object.fromEntries(flags.label.map(({ key, value }) => [key, value])) },
    autoRemove: flags.rm,
    detached: flags.detach,
    terminal,
    stopSignal: flags.stopSignal ?? imageStopSignal(image?.config),
    stopTimeoutSeconds: flags.stopTimeout ?? defaultStopSeconds,
    configPath: config,
    state: { status: "created" },
  };
}

function imageStopSignal(config: ImageConfig | undefined): number {
  try {
    return parseSignal(config?.stopSignal ?? "SIGTERM");
  } catch {
    // An image with a signal that nobody knows still has to stop.
    return signals.SIGTERM;
  }
}

async function fillContainer(
  context: CommandContext,
  input: PrepareInput,
  plan: Plan,
  { paths }: OwnedContainer,
): Promise<void> {
  const { sys } = context;
  const { flags, image, lower, terminal } = input;
  sys.mkdir(paths.bundle, 0o700);
  sys.mkdir(paths.rootfs, 0o755);
  sys.mkdir(paths.work, 0o700);
  const layer = new WritableLayer({ sys }, { lower, upper: paths.upper });
  layer.create();
  layer.file("/etc", "hostname", `${plan.hostname}\n`);
  layer.file("/etc", "hosts", renderHosts(plan.hostname));
  layer.file("/etc", "resolv.conf", renderResolvConf(hostResolvConf(context)));
  if (flags.workdir === undefined && plan.cwd !== "/") layer.directory(plan.cwd);
  const volumes = await makeVolumes(context, lower, paths.volumes, plan.volumes);
  const spec = buildSpec({
    ...plan,
    terminal,
    consoleSize: terminal && !flags.detach ? terminalSize(sys) : undefined,
    capabilities: chooseCapabilities(flags.capAdd, flags.capDrop),
    readOnlyRootfs: flags.readOnly,
    mounts: [...volumes, ...plan.binds],
    tmpfs: flags.tmpfs,
    memoryBytes: flags.memory,
    cpus: flags.cpus,
    pidsLimit: flags.pidsLimit,
    annotations: Object.fromEntries(flags.annotation.map(({ key, value }) => [key, value])),
  });
  sys.writeFile(paths.config, JSON.stringify(spec), 0o600);
  // containerd puts a FIFO here; a file keeps what the shim says for `kata-ctl logs`.
  sys.writeFile(paths.shimLog, "", 0o600);
  if (image === undefined) context.logger.debug("runs a directory", { path: lower });
}

function hostResolvConf({ sys }: CommandContext): string {
  return sys.exists("/etc/resolv.conf") ? sys.readText("/etc/resolv.conf", 1 << 16) : "";
}

/** The image's VOLUMEs: directories of this container alone, filled with what the image has there. */
async function makeVolumes(
  context: CommandContext,
  lower: string,
  directory: string,
  destinations: readonly string[],
): Promise<BindMount[]> {
  const { sys } = context;
  if (destinations.length > 0) sys.mkdir(directory, 0o700);
  const mounts: BindMount[] = [];
  for (const [index, destination] of destinations.entries()) {
    const source = `${directory}/${index}`;
    const found = findInRoot(sys, lower, destination);
    sys.mkdir(source, 0o700);
    if (found.stat?.kind === "directory") {
      await copyTree(context, `${lower}/${found.path}`, source);
    } else {
      sys.chmod(source, 0o755);
    }
    mounts.push({ source, destination, readOnly: false });
  }
  return mounts;
}

async function copyTree(context: CommandContext, from: string, to: string): Promise<void> {
  const result = await new ToolRunner(context).run(tools.cp, { args: ["-a", "--reflink=auto", "--", `${from}/.`, to] });
  if (result.status.kind === "exited" && result.status.code === 0) return;
  throw new KataError("internal", "Cannot fill a volume of the image", {
    stage: "prepare-sandbox",
    cause: toolFailure(tools.cp, result),
  });
}

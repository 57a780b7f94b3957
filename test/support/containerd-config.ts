import { type ContainerdVersion, isAtLeast } from "./containerd-version.ts";

/** What the CRI plugin is to know; without it the plugin is off. */
export interface CriOptions {
  /** Directory with a `*.conflist`. */
  readonly cniConfDir: string;
  /** Default: where Debian 12's containernetworking-plugins are unpacked. */
  readonly cniBinDir?: string;
  /** Image of the pod's own container; must be imported into the namespace k8s.io. Default: `pauseImageName`. */
  readonly sandboxImage?: string;
  /** "shim" makes containerd 2.x use the shim's sandbox API for the runtime `kata`. */
  readonly sandboxer?: "podsandbox" | "shim";
}

export interface ConfigFields {
  readonly version: ContainerdVersion;
  readonly directory: string;
  readonly address: string;
  readonly kataConfiguration: string;
  readonly cniBinDir: string;
  readonly cri?: CriOptions | undefined;
}

/** The name under which tests import the image of `pauseImage()`. */
export const pauseImageName = "localhost/kata-test/pause:1";

/** Kinds of storage and services that need what a test machine has not, or that leave files outside of the directory. */
const unused = [
  ...["aufs", "blockfile", "btrfs", "devmapper", "erofs", "zfs"].map((name) => `io.containerd.snapshotter.v1.${name}`),
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.nri.v1.nri",
];
const criPlugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"];

/** containerd's config.toml: version 2 for 1.x, version 3 for 2.x. */
export function containerdConfiguration(fields: ConfigFields): string {
  const { version, directory, address, cri } = fields;
  const second = isAtLeast(version, 2, 0);
  const disabled = cri === undefined ? [...unused, ...criPlugins] : unused;
  return [
    `version = ${second ? 3 : 2}`,
    `root = ${quote(`${directory}/root`)}`,
    `state = ${quote(`${directory}/state`)}`,
    `disabled_plugins = [${disabled.map(quote).join(", ")}]`,
    table("grpc", [`address = ${quote(address)}`]),
    table("debug", ['level = "debug"']),
    ...(cri === undefined ? [] : second ? criVersion3(fields, cri) : criVersion2(fields, cri)),
    "",
  ].join("\n");
}

function criVersion2(fields: ConfigFields, cri: CriOptions): string[] {
  const plugin = 'plugins."io.containerd.grpc.v1.cri"';
  return [
    table(plugin, [
      `sandbox_image = ${quote(cri.sandboxImage ?? pauseImageName)}`,
      "restrict_oom_score_adj = true",
      "disable_tcp_service = true",
      'stream_server_address = "127.0.0.1"',
      "enable_unprivileged_ports = true",
    ]),
    table(`${plugin}.cni`, [
      `conf_dir = ${quote(cri.cniConfDir)}`,
      `bin_dir = ${quote(cri.cniBinDir ?? fields.cniBinDir)}`,
    ]),
    table(`${plugin}.containerd`, ['snapshotter = "overlayfs"', 'default_runtime_name = "kata"']),
    ...runtimes(`${plugin}.containerd.runtimes`, fields, []),
  ];
}

function criVersion3(fields: ConfigFields, cri: CriOptions): string[] {
  const images = 'plugins."io.containerd.cri.v1.images"';
  const runtime = 'plugins."io.containerd.cri.v1.runtime"';
  return [
    table(images, ['snapshotter = "overlayfs"']),
    table(`${images}.pinned_images`, [`sandbox = ${quote(cri.sandboxImage ?? pauseImageName)}`]),
    table(runtime, ["restrict_oom_score_adj = true", "enable_unprivileged_ports = true"]),
    table(`${runtime}.cni`, [
      `conf_dir = ${quote(cri.cniConfDir)}`,
      `bin_dirs = [${quote(cri.cniBinDir ?? fields.cniBinDir)}]`,
    ]),
    table(`${runtime}.containerd`, ['default_runtime_name = "kata"']),
    ...runtimes(`${runtime}.containerd.runtimes`, fields, [`sandboxer = ${quote(cri.sandboxer ?? "podsandbox")}`]),
    table('plugins."io.containerd.grpc.v1.cri"', ["disable_tcp_service = true", 'stream_server_address = "127.0.0.1"']),
  ];
}

function runtimes(parent: string, fields: ConfigFields, kata: readonly string[]): string[] {
  const { version, kataConfiguration, cri } = fields;
  // containerd up to 2.2 cannot put the address of a sandbox's shim into options other than runc's ("can't unmarshal type
  // runtimeoptions.v1.Options"): the configuration comes by KATA_CONF_FILE then.
  const options = [table(`${parent}.kata.options`, [`ConfigPath = ${quote(kataConfiguration)}`])];
  return [
    table(`${parent}.kata`, [
      'runtime_type = "io.containerd.kata.v2"',
      "privileged_without_host_devices = true",
      'pod_annotations = ["io.katacontainers.*"]',
      'container_annotations = ["io.katacontainers.*"]',
      ...kata,
    ]),
    ...(cri?.sandboxer === "shim" && !isAtLeast(version, 2, 3) ? [] : options),
    table(`${parent}.runc`, ['runtime_type = "io.containerd.runc.v2"']),
  ];
}

function table(name: string, lines: readonly string[]): string {
  return `\n[${name}]\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** A TOML basic string; JSON's escapes are among TOML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}

import { utf8Decode } from "../base/bytes.ts";
import type { CallOptions } from "../base/cancel.ts";
import { KataError } from "../base/error.ts";
import { capture } from "../sys/capture.ts";
import { isErrno } from "../sys/error.ts";
import type { Loop } from "../sys/loop.ts";
import { type ExitStatus, exitCode } from "../sys/port/processes.ts";
import { signalName, signals } from "../sys/signals.ts";
import type { Sys } from "../sys/sys.ts";

/** An external program that images need. */
export interface Tool {
  readonly name: string;
  /** The Debian package that has it. */
  readonly debianPackage: string;
}

/** The tools by name. */
export const tools = {
  skopeo: { name: "skopeo", debianPackage: "skopeo" },
  umoci: { name: "umoci", debianPackage: "umoci" },
  cp: { name: "cp", debianPackage: "coreutils" },
  sh: { name: "sh", debianPackage: "dash" },
  gzip: { name: "gzip", debianPackage: "gzip" },
  zstd: { name: "zstd", debianPackage: "zstd" },
  xz: { name: "xz", debianPackage: "xz-utils" },
  bzip2: { name: "bzip2", debianPackage: "bzip2" },
} as const satisfies Record<string, Tool>;

/** How a run of a tool went. */
export interface ToolResult {
  readonly status: ExitStatus;
  /** Standard output, the first MiB. */
  readonly stdout: string;
  /** Standard error, the last 64 KiB. */
  readonly stderr: string;
}

/** What to run. */
export interface ToolRun extends CallOptions {
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the part of our environment that is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each complete line of standard output or error. */
  readonly onLine?: (line: string) => void;
}

const longestLine = 64 << 10;
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What skopeo and its libraries read from the environment; everything else stays with us. */
const passedOn =
  /^(HOME|PATH|LANG|LC_ALL|XDG_RUNTIME_DIR|REGISTRY_AUTH_FILE|DOCKER_CONFIG|SSL_CERT_FILE|SSL_CERT_DIR|(HTTPS?|NO)_PROXY|(https?|no)_proxy)=/;

/** Starts external programs and waits for them. */
export class ToolRunner {
  private readonly deps: { readonly sys: Sys; readonly loop: Loop };
  private readonly sys: Sys;

  constructor(deps: { readonly sys: Sys; readonly loop: Loop }) {
    this.deps = deps;
    this.sys = deps.sys;
  }

  /**
   * Runs a tool to its end and returns what it said, whatever its exit code. The tool is killed when the caller is
   * killed or cancels. Throws `failed-precondition` when it is not installed, `cancelled` after a cancellation.
   */
  async run(tool: Tool, run: ToolRun): Promise<ToolResult> {
    const path = this.find(tool);
    const lines = { stdout: new Lines(run.onLine), stderr: new Lines(run.onLine) };
    const { status, stdout, stderr } = await capture(this.deps, {
      spawn: {
        path,
        argv: [tool.name, ...run.args],
        env: this.environment(run.env ?? {}),
        deathSignal: signals.SIGKILL,
        ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
      },
      onOutput: (from, chunk) => lines[from].add(utf8Decode(chunk)),
      ...(run.signal === undefined ? {} : { signal: run.signal }),
      ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
    });
    return { status, stdout: utf8Decode(stdout), stderr: utf8Decode(stderr) };
  }

  /** Absolute path of a tool; throws `failed-precondition` that names its Debian package. */
  find(tool: Tool): string {
    for (const directory of (this.sys.env("PATH") ?? defaultPath).split(":")) {
      const path = `${directory}/${tool.name}`;
      try {
        if (!directory.startsWith("/")) continue;
        const { kind, mode } = this.sys.stat(path);
        if (kind === "file" && (mode & 0o111) !== 0) return path;
      } catch (error) {
        if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) throw error;
      }
    }
    throw new KataError("failed-precondition", `The program ${tool.name} is not installed`, {
      stage: "prepare-image",
      hint: `install it: apt-get install ${tool.debianPackage}`,
    });
  }

  private environment(extra: Readonly<Record<string, string>>): string[] {
    const own = this.sys.environment().filter((entry) => passedOn.test(entry));
    return [...own, ...Object.entries(extra).map(([name, value]) => `${name}=${value}`)];
  }
}

/** Cuts a stream of text into lines. */
class Lines {
  private readonly onLine: ((line: string) => void) | undefined;
  private rest = "";

  constructor(onLine: ((line: string) => void) | undefined) {
    this.onLine = onLine;
  }

  add(text: string): void {
    const lines = (this.rest + text).split(/[\r\n]+/);
    this.rest = (lines.pop() ?? "").slice(-longestLine);
    for (const line of lines) if (line !== "") this.onLine?.(line);
  }
}

/** The tool's own words, shortened: what an error shows as its cause. */
export function toolFailure(tool: Tool, result: ToolResult): Error {
  const { status } = result;
  const ended =
    status.kind === "signaled" ? `was killed by ${signalName(status.signal)}` : `exited with ${exitCode(status)}`;
  return new Error(`${tool.name} ${ended}: ${lastWords(result.stderr) || "it said nothing"}`);
}

/** The last line that says something, freed of the tool's log prefix. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const last = lines[lines.length - 1] ?? "";
  const message = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1];
  return (message === undefined ? last.replace(/^[^\w"/]+/u, "") : message.replace(/\\(["\\])/g, "$1")).slice(0, 2000);
}

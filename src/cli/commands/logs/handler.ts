import { concatBytes, utf8Decode, utf8Encode } from "../../../base/bytes.ts";
import { sleep } from "../../../base/clock.ts";
import { isErrno } from "../../../sys/error.ts";
import { containerStore } from "../../container-store.ts";
import type { CommandContext } from "../../context.ts";
import { readLog, readMore } from "../../state/log-file.ts";
import { type LogEntry, lastLines } from "../../state/log-frames.ts";
import type { ContainerPaths } from "../../state/paths.ts";
import type { ContainerRecord } from "../../state/record.ts";
import { LiveContainers } from "../../task/live-container.ts";

/** What `logs` is told. */
export interface LogsFlags {
  readonly follow: boolean;
  readonly tail: number | undefined;
  readonly timestamps: boolean;
  readonly source: "container" | "agent" | "vmm" | "console" | "shim";
}

const followMs = 100;
const maxTextLog = 64 << 20;

/** Prints a log, and what is added to it until the container ends when asked to follow. */
export async function showLogs(context: CommandContext, reference: string, flags: LogsFlags): Promise<void> {
  const store = containerStore(context);
  const record = store.find(reference);
  const live = new LiveContainers(context, store);
  const alive = () => {
    try {
      return live.isAlive(store.read(record.id));
    } catch (error) {
      if (isErrno(error, "ENOENT")) return false;
      throw error;
    }
  };
  const paths = store.pathsOf(record.id);
  if (flags.source === "container") await showContainerLog(context, paths.log, flags, alive);
  else await showTextLog(context, record, paths, flags, alive);
}

async function showContainerLog(
  context: CommandContext,
  path: string,
  flags: LogsFlags,
  alive: () => boolean,
): Promise<void> {
  const write = async (entries: readonly LogEntry[]) => {
    for (const entry of entries) {
      const data = flags.timestamps
        ? concatBytes([utf8Encode(`${new Date(entry.wallMs).toISOString()} `), entry.data])
        : entry.data;
      await (entry.stream === "stdout" ? context.out : context.err).write(data);
    }
  };
  let { entries, position } = readLog(context.sys, path);
  await write(flags.tail === undefined ? entries : lastLines(entries, flags.tail));
  while (flags.follow) {
    // Asked before reading: what a container says before it ends is there once it has ended.
    const goOn = alive();
    ({ entries, position } = readMore(context.sys, path, position));
    await write(entries);
    if (!goOn) return;
    await sleep(context.loop, followMs);
  }
}

/** The logs that are text: while the VM runs its own are in its directory, afterwards in the bundle. */
async function showTextLog(
  context: CommandContext,
  record: ContainerRecord,
  paths: ContainerPaths,
  flags: LogsFlags,
  alive: () => boolean,
): Promise<void> {
  const vmDirectory = `/run/vc/vm/${record.id}`;
  const candidates = {
    agent: [paths.shimLog],
    shim: [paths.shimLog],
    vmm: [`${vmDirectory}/vmm.log`, paths.vmmLog],
    console: [`${vmDirectory}/console.log`, paths.consoleLog],
  }[flags.source === "container" ? "shim" : flags.source];
  const keep = (line: string) => flags.source !== "agent" || /\bsource="?agent\b/.test(line);
  let shown = 0;
  let first = true;
  for (;;) {
    const goOn = flags.follow && alive();
    const text = readFirst(context, candidates);
    // A line that is being written is shown when it is whole.
    const whole = goOn ? text.slice(0, text.lastIndexOf("\n") + 1) : text;
    if (whole.length < shown) shown = 0;
    const added = whole
      .slice(shown)
      .split(/(?<=\n)/)
      .filter((line) => line !== "" && keep(line));
    await context.out.write(
      (first && flags.tail !== undefined ? added.slice(Math.max(0, added.length - flags.tail)) : added).join(""),
    );
    shown = whole.length;
    first = false;
    if (!goOn) return;
    await sleep(context.loop, followMs);
  }
}

function readFirst({ sys }: CommandContext, candidates: readonly string[]): string {
  for (const path of candidates) {
    try {
      return utf8Decode(sys.readFile(path, maxTextLog));
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
  return "";
}

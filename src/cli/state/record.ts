import { KataError } from "../../base/error.ts";

/** What the file is; a newer version is refused, as its meaning is unknown. */
const version = 1;

/** Where a container's root file system comes from. */
export type RootfsSource =
  | { readonly kind: "image"; readonly name: string; readonly id: string }
  | { readonly kind: "directory"; readonly path: string };

/** How far a container is. */
export type ContainerState =
  | { readonly status: "created" }
  | { readonly status: "running"; readonly startedMs: number }
  | {
      readonly status: "exited";
      /** Undefined when it never ran. */
      readonly startedMs?: number;
      readonly finishedMs: number;
      readonly exitCode: number;
      /** Why it ended, when that was not the process's own doing. */
      readonly error?: string;
    };

/** What is known about a container beside its bundle. */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly rootfs: RootfsSource;
  /** The process's arguments. */
  readonly command: readonly string[];
  readonly createdMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly autoRemove: boolean;
  readonly detached: boolean;
  readonly terminal: boolean;
  /** What `stop` sends first, and how long it waits then. */
  readonly stopSignal: number;
  readonly stopTimeoutSeconds: number;
  readonly configPath: string | undefined;
  readonly state: ContainerState;
}

/** A record as its file's text. */
export function renderRecord(record: ContainerRecord): string {
  return `${JSON.stringify({ version, ...record })}\n`;
}

/**
 * Reads a record that this program wrote: a torn or foreign file is an error, not a guess. Throws `data-loss`, or
 * `failed-precondition` for another version.
 */
export function parseRecord(text: string): ContainerRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KataError("data-loss", "The container's record is damaged", { cause: error });
  }
  const record = value as ContainerRecord & { readonly version?: unknown };
  if (typeof value !== "object" || value === null || typeof record.id !== "string" || typeof record.name !== "string") {
    throw new KataError("data-loss", "The container's record is damaged");
  }
  if (record.version !== version) {
    throw new KataError(
      "failed-precondition",
      `The container's record has version ${String(record.version)}, this program knows ${version}`,
      {
        hint: "use the kata-ctl that made it",
      },
    );
  }
  return record;
}

/** The rootfs's name for tables. */
export function sourceName(source: RootfsSource): string {
  return source.kind === "image" ? source.name : source.path;
}

/** A process's streams as the agent offers them. */
export interface RemoteStreams {
  /** How many reads of an output may be under way; their answers come in the order of the calls. */
  readonly readsAtOnce: number;
  /** Up to `length` bytes of output, as soon as there are some; nothing at its end. */
  readStdout(length: number): Promise<Uint8Array>;
  /** The same; undefined with a terminal, which has one output. */
  readonly readStderr: ((length: number) => Promise<Uint8Array>) | undefined;
  /** Resolves when the process's pipe has taken all of it. The bytes must not change before. */
  writeStdin(bytes: Uint8Array): Promise<void>;
  closeStdin(): Promise<void>;
}

/** The host's side of a process's streams. Implementations copy between it and the guest. */
export interface ProcessIo {
  /** Where the streams lead on the host, as the caller named it. */
  readonly names: StdioNames;
  /** Begins to copy. Once, when the process runs. */
  start(remote: RemoteStreams): void;
  /** The caller will send no more input. */
  closeStdin(): void;
  /** The process has ended: resolves when its output is delivered and everything is closed. Never rejects. */
  finish(): Promise<void>;
  /** The process is being killed: once it has ended, a reader that takes nothing for 10 s is not waited for any longer. */
  killed(): void;
  /** Nothing more comes from the guest: what was read already may be delivered, for a moment. */
  cut(): void;
}

/** The paths or URIs of a process's streams; empty for none. */
export interface StdioNames {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

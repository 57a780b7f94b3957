/** The closed set of error codes: gRPC's status codes without OK, so that they cross ttrpc unchanged. */
export const errorCodes = {
  cancelled: 1,
  unknown: 2,
  "invalid-argument": 3,
  "deadline-exceeded": 4,
  "not-found": 5,
  "already-exists": 6,
  "permission-denied": 7,
  "resource-exhausted": 8,
  "failed-precondition": 9,
  aborted: 10,
  "out-of-range": 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  "data-loss": 15,
} as const;

/** One of the closed error codes. */
export type ErrorCode = keyof typeof errorCodes;

/** What an error can say beyond its message. All texts are for the person who reads the error. */
export interface ErrorDetails {
  /** The phase that failed, such as `boot-guest`; the outermost stage wins when errors are wrapped. */
  readonly stage?: string;
  /** The input at fault: a configuration key, a flag, a field of the OCI spec. */
  readonly field?: string;
  /** What to do about it, one sentence. */
  readonly hint?: string;
  /** Where to read on: commands or documents. */
  readonly see?: readonly string[];
  readonly cause?: unknown;
}

const brand = Symbol.for("kata-ts.KataError");

/**
 * The project's one error class. `message` is one short sentence with the values at fault; it never repeats the
 * cause, because the whole chain is printed by whoever shows the error.
 */
export class KataError extends Error {
  readonly code: ErrorCode;
  readonly stage: string | undefined;
  readonly field: string | undefined;
  readonly hint: string | undefined;
  readonly see: readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "KataError";
    this.code = code;
    this.stage = details.stage;
    this.field = details.field;
    this.hint = details.hint;
    this.see = details.see ?? [];
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for errors of this class, also those of another copy of this module. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }

  /** The single conversion point from a caught value. A KataError passes through unchanged. */
  static from(value: unknown, fallback: ErrorCode = "internal"): KataError {
    if (value instanceof KataError) return value;
    if (value instanceof Error) {
      const hint = hintByErrno[errnoOf(value) ?? ""];
      const details = { cause: value.cause, ...(hint === undefined ? {} : { hint }) };
      return new KataError(codeOf(value, fallback), value.message, details);
    }
    return new KataError(fallback, textOf(value));
  }

  /** Wraps a caught value: the new message says what was being done, the old error becomes the cause and keeps its code. */
  static wrap(value: unknown, message: string, details: ErrorDetails = {}): KataError {
    const inner = KataError.from(value);
    const { stage, field, hint } = inner;
    return new KataError(inner.code, message, {
      ...(stage === undefined ? {} : { stage }),
      ...(field === undefined ? {} : { field }),
      ...(hint === undefined ? {} : { hint }),
      see: inner.see,
      ...details,
      cause: value,
    });
  }
}

const codeByErrno: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "not-found",
  ESRCH: "not-found",
  EEXIST: "already-exists",
  EACCES: "permission-denied",
  EPERM: "permission-denied",
  EINVAL: "invalid-argument",
  ENAMETOOLONG: "invalid-argument",
  ENOTDIR: "invalid-argument",
  ELOOP: "invalid-argument",
  ENOSPC: "resource-exhausted",
  EMFILE: "resource-exhausted",
  ENFILE: "resource-exhausted",
  ENOMEM: "resource-exhausted",
  EAGAIN: "resource-exhausted",
  EDQUOT: "resource-exhausted",
  EBUSY: "failed-precondition",
  ENOTEMPTY: "failed-precondition",
  EROFS: "failed-precondition",
  ECONNREFUSED: "unavailable",
  ECONNRESET: "unavailable",
  EPIPE: "unavailable",
  ETIMEDOUT: "deadline-exceeded",
  ENOSYS: "unimplemented",
  EOPNOTSUPP: "unimplemented",
};

/** What helps whatever the call was. */
const hintByErrno: Readonly<Record<string, string>> = {
  ENOSPC: "Free space on the file system that this path is on",
  EDQUOT: "Free space within the quota of this user, or raise the quota",
  EMFILE: "Raise the limit of open files for this process (ulimit -n)",
  ENFILE: "Raise the host's limit of open files (sysctl fs.file-max)",
  ENOMEM: "Free memory on the host",
};

function errnoOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

function codeOf(error: Error, fallback: ErrorCode): ErrorCode {
  return codeByErrno[errnoOf(error) ?? ""] ?? fallback;
}

/** The messages from the outermost error to its root cause. Cycles and chains over 16 links are cut. */
export function causeChain(error: unknown): string[] {
  const messages: string[] = [];
  for (let link: unknown = error; link !== undefined && link !== null && messages.length < 16; ) {
    messages.push(link instanceof Error ? link.message : textOf(link));
    link = link instanceof Error ? link.cause : undefined;
  }
  return messages;
}

/** Anything can be thrown, also an object that refuses to become text. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "an error without a text";
  }
}

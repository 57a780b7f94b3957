/** A system call that failed. `code` is the errno's name, as in Node's errors. */
export class SysError extends Error {
  /** The errno's name, such as `ENOENT`. */
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  /** The file, mount point or address that the call was about. */
  readonly subject: string | undefined;

  constructor(syscall: string, errno: number, code: string, text: string, subject?: string) {
    super(subject === undefined ? `${syscall}: ${text} (${code})` : `${syscall} ${subject}: ${text} (${code})`);
    this.name = "SysError";
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
    this.subject = subject;
  }
}

/** Whether `error` is a system call's error with one of these errno names. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof SysError && codes.includes(error.code);
}

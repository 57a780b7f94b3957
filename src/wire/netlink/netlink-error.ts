import type { ErrorCode } from "../../base/error.ts";

/** Errno values that rtnetlink answers with, the same on every architecture this project runs on (asm-generic/errno.h). */
const names: ReadonlyMap<number, readonly [name: string, code: ErrorCode]> = new Map([
  [1, ["EPERM", "permission-denied"]],
  [2, ["ENOENT", "not-found"]],
  [3, ["ESRCH", "not-found"]],
  [11, ["EAGAIN", "unavailable"]],
  [12, ["ENOMEM", "resource-exhausted"]],
  [13, ["EACCES", "permission-denied"]],
  [16, ["EBUSY", "failed-precondition"]],
  [17, ["EEXIST", "already-exists"]],
  [19, ["ENODEV", "not-found"]],
  [22, ["EINVAL", "invalid-argument"]],
  [28, ["ENOSPC", "resource-exhausted"]],
  [34, ["ERANGE", "out-of-range"]],
  [95, ["EOPNOTSUPP", "unimplemented"]],
  [97, ["EAFNOSUPPORT", "unimplemented"]],
  [98, ["EADDRINUSE", "already-exists"]],
  [99, ["EADDRNOTAVAIL", "not-found"]],
  [100, ["ENETDOWN", "failed-precondition"]],
  [101, ["ENETUNREACH", "failed-precondition"]],
  [105, ["ENOBUFS", "resource-exhausted"]],
  [113, ["EHOSTUNREACH", "failed-precondition"]],
]);

/** The kernel's refusal: the cause of the KataError of a failed request. */
export class NetlinkError extends Error {
  readonly errno: number;
  /** Such as `EEXIST`; `errno 77` for a number that has no name here. */
  readonly code: string;
  readonly kataCode: ErrorCode;

  /** `text` is the kernel's explanation, where it gave one. */
  constructor(errno: number, text: string | undefined) {
    const [code, kataCode] = names.get(errno) ?? [`errno ${errno}`, "internal" as const];
    super(text === undefined || text === "" ? code : `${code}: ${text}`);
    this.name = "NetlinkError";
    this.errno = errno;
    this.code = code;
    this.kataCode = kataCode;
  }
}

import * as native from "kata:native";
import { SysError } from "../error.ts";
import { WOULD_BLOCK } from "../port/files.ts";

/** EAGAIN on every architecture that the project runs on (errno(3)). */
export const EAGAIN = 11;

/** The error for a negative result of the bridge. */
export function sysError(syscall: string, result: number, subject?: string): SysError {
  return new SysError(syscall, -result, native.errorName(-result), native.errorText(-result), subject);
}

/** Passes a result >= 0 through and throws SysError for -errno. */
export function check(syscall: string, result: number, subject?: string): number {
  if (result < 0) throw sysError(syscall, result, subject);
  return result;
}

/** Passes a record through and throws SysError for -errno. */
export function checkValue<T extends object | string>(syscall: string, result: T | number, subject?: string): T {
  if (typeof result === "number") throw sysError(syscall, result, subject);
  return result;
}

/** Like check, with EAGAIN as WOULD_BLOCK. */
export function checkReady(syscall: string, result: number): number {
  if (result >= 0) return result;
  if (result === -EAGAIN) return WOULD_BLOCK;
  throw sysError(syscall, result);
}

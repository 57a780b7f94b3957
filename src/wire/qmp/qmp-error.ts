import { type ErrorCode, KataError } from "../../base/error.ts";

/** What QEMU answered: the cause of the KataError of a failed command. */
export class QmpError extends Error {
  /** The stable part, such as `DeviceNotFound`; most errors are `GenericError`. */
  readonly class: string;

  constructor(errorClass: string, description: string) {
    super(description);
    this.name = "QmpError";
    this.class = errorClass;
  }
}

/** The classes QEMU has (qapi/error.json, QapiErrorClass). `GenericError` tells nothing but its text. */
const codes: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ["CommandNotFound", "unimplemented"],
  ["DeviceNotFound", "not-found"],
  ["DeviceNotActive", "failed-precondition"],
  ["KVMMissingCap", "failed-precondition"],
]);

/** The error of a command that QEMU refused. */
export function commandError(command: string, errorClass: string, description: string): KataError {
  return new KataError(codes.get(errorClass) ?? "internal", `QEMU refused the command ${command}`, {
    cause: new QmpError(errorClass, description),
  });
}

import { type ErrorDetails, KataError } from "../../base/error.ts";

const brand = Symbol.for("kata-ts.UsageError");

/** The command line itself is wrong: exit code 2, and the hint points at the command's help. */
export class UsageError extends KataError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("invalid-argument", message, details);
    this.name = "UsageError";
    Object.defineProperty(this, brand, { value: true });
  }

  /** Of its own: the inherited test would accept every KataError. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }
}

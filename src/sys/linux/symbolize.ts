import { describeFault } from "../fault.ts";
import { inRealm } from "./realm.ts";

/** An error as text, with TypeScript positions. */
export function faultText(error: unknown): string {
  return describeFault(error, mapped);
}

/** Errors that need this are rare: what reads line maps is not kept. */
function mapped(stack: string): string {
  if (stack === "") return stack;
  try {
    return inRealm("stack.js", stack) as string;
  } catch {
    // The engine's positions are better than another error while an error is printed.
    return stack;
  }
}

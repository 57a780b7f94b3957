import { KataError } from "../base/error.ts";

/** The phases of a sandbox's and a container's life, as errors name them. */
export type Stage =
  | "load-config"
  | "check-assets"
  | "prepare-image"
  | "prepare-sandbox"
  | "join-network"
  | "share-rootfs"
  | "start-vmm"
  | "boot-guest"
  | "create-container"
  | "start-container"
  | "exec"
  | "stop-sandbox";

/** The same error with its stage; a stage that it names already, being closer to the cause, stays. */
export function atStage(stage: Stage, value: unknown): KataError {
  const error = KataError.from(value);
  if (error.stage !== undefined) return error;
  const { code, message, field, hint, see, cause } = error;
  const staged = new KataError(code, message, {
    stage,
    ...(field === undefined ? {} : { field }),
    ...(hint === undefined ? {} : { hint }),
    see,
    ...(cause === undefined ? {} : { cause }),
  });
  if (error.stack !== undefined) staged.stack = error.stack;
  return staged;
}

/** Runs a step; its error names the stage. */
export async function inStage<T>(stage: Stage, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw atStage(stage, error);
  }
}

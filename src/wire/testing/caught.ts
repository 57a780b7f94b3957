import { KataError } from "../../base/error.ts";

/** The KataError that `work` rejects with. Throws when it does not, or rejects with something else. */
export async function caught(work: Promise<unknown>): Promise<KataError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof KataError) return error;
    throw error;
  }
  throw new Error("Expected a failure");
}

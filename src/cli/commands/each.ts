import type { CommandContext } from "../context.ts";
import { renderError } from "../output/error.ts";

/**
 * Does `work` for each reference, one after the other, printing what it returns; errors are shown as they come and the
 * others still have their turn, as docker does. Returns the exit code.
 */
export async function forEachReference(
  context: CommandContext,
  references: readonly string[],
  work: (reference: string) => Promise<string>,
): Promise<number> {
  const [only] = references;
  if (references.length === 1 && only !== undefined) {
    await context.out.write(await work(only));
    return 0;
  }
  let failures = 0;
  for (const reference of references) {
    try {
      await context.out.write(await work(reference));
    } catch (error) {
      failures++;
      await context.err.write(renderError(error, context.err.style));
    }
  }
  return failures === 0 ? 0 : 1;
}

import type { Timing } from "../../task/timings.ts";

/** Where the time went: one line a part, or JSON. */
export function renderTimings(timings: readonly Timing[], json: boolean): string {
  if (json) {
    const parts = Object.fromEntries(
      timings.map(({ milliseconds, name }) => [name, Math.round(milliseconds * 10) / 10]),
    );
    return `${JSON.stringify({ timingMs: parts })}\n`;
  }
  return timings
    .map(({ milliseconds, name }) => `${name.padEnd(9)} ${milliseconds.toFixed(1).padStart(8)} ms\n`)
    .join("");
}

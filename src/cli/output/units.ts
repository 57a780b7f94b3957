const units: readonly (readonly [name: string, seconds: number])[] = [
  ["year", 365 * 24 * 3600],
  ["month", 30 * 24 * 3600],
  ["week", 7 * 24 * 3600],
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** A span in the largest fitting unit, as docker words it: `3 minutes`, `1 hour`, `Less than a second`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  for (const [name, size] of units) {
    const count = Math.floor(seconds / size);
    // Two of a unit are needed for the large ones: "13 days" says more than "1 week".
    if (count >= (size >= 7 * 24 * 3600 ? 2 : 1)) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "Less than a second";
}

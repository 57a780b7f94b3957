import { KataError } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";

/** More CPUs or nodes than any kernel can be built for. */
const largestOfAll = 65_535;

/**
 * Numbers of CPUs or NUMA nodes as the kernel lists them: `0-3,8,10-11` (cpuset(7), "List format"). The result is sorted and
 * has each number once; an empty text is an empty list. Throws KataError `invalid-argument` for any other form, for a range
 * that goes down, for numbers above `largest`, and for more numbers than there can be, however often they repeat.
 */
export function parseNumberList(text: string, largest = largestOfAll): number[] {
  const trimmed = text.trim();
  const numbers = new Set<number>();
  let room = largest + 1;
  for (const part of trimmed === "" ? [] : trimmed.split(",")) {
    const [, start = "", end = start] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
    const [first, last] = [Number(start), Number(end)];
    room -= last - first + 1;
    if (start === "" || first > last || last > largest || room < 0) {
      throw new KataError(
        "invalid-argument",
        `${shown(text, 40)} is no list of numbers and rising ranges such as "0-3,8", up to ${largest}`,
      );
    }
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return [...numbers].sort((one, other) => one - other);
}

/** Sorted numbers as ranges: `[0, 1, 2, 5]` becomes `["0-2", "5"]`. */
export function numberRanges(numbers: readonly number[]): string[] {
  const ranges: string[] = [];
  for (let at = 0; at < numbers.length; ) {
    const first = numbers[at] ?? 0;
    let last = first;
    for (at++; numbers[at] === last + 1; at++) last++;
    ranges.push(first === last ? String(first) : `${first}-${last}`);
  }
  return ranges;
}

/** A position, from 1, that counts from a byte of a function's code on. */
export interface Entry {
  readonly pc: number;
  readonly line: number;
  readonly column: number;
}

export function thinLines(table: Uint8Array, place: (line: number, column: number) => unknown): Buffer;
export function readTable(table: Uint8Array): [start: Entry, ...rest: Entry[]];
export function leb(number: number): number[];

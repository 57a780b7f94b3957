/** The part of a source map (revision 3) that is needed. */
export interface SourceMapLike {
  readonly sources: readonly string[];
  readonly mappings: string;
}

export function decodeMappings(mappings: string): [column: number, source: number, line: number, sourceColumn: number][][];

/** Where the code from a column on comes from: index of the source, line from 0, name of the function or "". */
export interface Place {
  readonly column: number;
  readonly source: number;
  readonly line: number;
  readonly name: string;
}

export function placesOf(
  map: SourceMapLike,
  functionName: (source: number, line: number, column: number) => string,
): Place[][];
export function placeAt(places: readonly (readonly Place[])[], line: number, column: number): Place | undefined;
export function encodeLineMap(
  sources: readonly string[],
  places: readonly (readonly Place[])[],
): Buffer<ArrayBuffer>;

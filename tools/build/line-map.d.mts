/** The part of a source map (revision 3) that is needed. */
export interface SourceMapLike {
  readonly sources: readonly string[];
  readonly mappings: string;
}

export function decodeMappings(mappings: string): [column: number, source: number, line: number][][];
export function encodeLineMap(map: SourceMapLike, sourceName: (path: string) => string): Buffer<ArrayBuffer>;

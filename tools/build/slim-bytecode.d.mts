export function slimBytecode(bytes: Uint8Array, place: (line: number, column: number) => unknown): Buffer;

export function functionNames(path: string): (line: number, column: number) => string;
